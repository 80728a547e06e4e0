internal import CLinux
internal import Glibc

/// Wakes one waiting thread from any other thread (eventfd(2)). Several signals before the next `wait`
/// count as one.
package struct EventFD: ~Copyable, Sendable {
    private let descriptor: Int32

    package init() throws(KernelError) {
        descriptor = clinux_eventfd()
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit {
        close(descriptor)
    }

    /// For poll(2) together with other descriptors: readable from a signal until the next `wait`.
    package var fileDescriptor: Int32 { descriptor }

    package func signal() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, 8)
    }

    /// Waits for a signal, at most `timeout` if given, and clears it. Returns whether it was signalled.
    /// Only one thread may wait.
    @discardableResult
    package func wait(atMost timeout: Duration? = nil) -> Bool {
        if let timeout {
            let milliseconds = Int32(clamping: (timeout.nanoseconds &+ 999_999) / 1_000_000)
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&request, 1, milliseconds) > 0 else { return false }
        }
        var signals: UInt64 = 0
        return unsafe Glibc.read(descriptor, &signals, 8) == 8
    }
}
