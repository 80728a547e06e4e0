internal import Glibc

/// A value guarded by a mutex.
///
/// It uses pthread_mutex_lock(3), which ThreadSanitizer instruments. Synchronization's `Mutex` (Swift
/// 6.3 on Linux) hands a contended lock over by a futex that the sanitizer does not see, so that every
/// contended use is reported as a race.
@safe
package struct LockedValue<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Both stay at one address for the life of the value.
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

    /// Runs `body` with exclusive access. `body` must not lock the same value: the mutex is not
    /// recursive.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return unsafe try body(&value.pointee)
    }
}
