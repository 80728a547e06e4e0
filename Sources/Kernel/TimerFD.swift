internal import CLinux
internal import Glibc

/// Wakes one waiting thread at a time that any thread may set (timerfd_create(2)).
package struct TimerFD: ~Copyable, Sendable {
    private let descriptor: Int32

    package init() throws(KernelError) {
        descriptor = clinux_timer()
        guard descriptor >= 0 else { throw .last("timerfd_create") }
    }

    deinit {
        close(descriptor)
    }

    /// Sets the time on the monotonic clock; a past time expires at once, nil disarms the timer.
    package func set(atNanoseconds time: UInt64?) {
        let code = clinux_timer_set(descriptor, time.map { max($0, 1) } ?? 0)
        precondition(code == 0)
    }

    /// Waits until it expires.
    package func wait() {
        var expirations: UInt64 = 0
        _ = unsafe Glibc.read(descriptor, &expirations, 8)
    }
}
