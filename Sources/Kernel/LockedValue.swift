internal import Glibc

/// A value that one thread at a time may touch.
///
/// Behind it is a lock of pthread_mutex_lock(3), which ThreadSanitizer knows. The `Mutex` of
/// Synchronization hands a contended lock over where the sanitizer does not look, and every
/// contended use of it is then reported as a race.
@safe
package struct LockedValue<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // The lock guards the value; both stay at their addresses until nobody can reach them.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ value: consuming sending Value) {
        unsafe lock = .allocate(capacity: 1)
        unsafe lock.initialize(to: pthread_mutex_t())
        let code = unsafe pthread_mutex_init(lock, nil)
        precondition(code == 0)
        unsafe self.value = .allocate(capacity: 1)
        unsafe self.value.initialize(to: value)
    }

    deinit {
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
        unsafe pthread_mutex_destroy(lock)
        unsafe lock.deallocate()
    }

    /// Runs `body` while no other thread is in a `body` of this value. It must not come back here.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return unsafe try body(&value.pointee)
    }
}
