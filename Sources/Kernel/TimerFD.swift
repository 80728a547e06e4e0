internal import CLinux
internal import Glibc

/// Wakes one waiting thread at a time that any thread may change: a timerfd(2).
package struct TimerFD: ~Copyable, Sendable {
    private let descriptor: Int32

    package init() throws(KernelError) {
        descriptor = clinux_alarm()
        guard descriptor >= 0 else { throw .last("timerfd_create") }
    }

    deinit {
        close(descriptor)
    }

    /// Goes off at that time of the monotonic clock, at once if it has passed; nil is never.
    package func set(atNanoseconds time: UInt64?) {
        let code = clinux_alarm_set(descriptor, time.map { max($0, 1) } ?? 0)
        precondition(code == 0)
    }

    /// Waits until it goes off.
    package func wait() {
        var times: UInt64 = 0
        _ = unsafe Glibc.read(descriptor, &times, 8)
    }
}
