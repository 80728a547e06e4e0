internal import CLinux
internal import Glibc
internal import Kernel

/// Tells which connections' clients have closed their sending side (epoll(7), EPOLLRDHUP), once each.
///
/// An instance of its own: that of libmicrohttpd does not ask for EPOLLRDHUP. A descriptor leaves it by
/// being closed.
struct HalfCloseWatch: ~Copyable, Sendable {
    /// The number that stands for the wakeup.
    static let wakeup: UInt64 = 0

    private let descriptor: Int32

    /// `wakeup` is a descriptor that ends `wait` while it is readable.
    init(wakeup: Int32) throws(KernelError) {
        descriptor = clinux_epoll()
        guard descriptor >= 0 else { throw .last("epoll_create1") }
        guard clinux_epoll_add_readable(descriptor, wakeup, HalfCloseWatch.wakeup) == 0 else {
            let error = KernelError.last("epoll_ctl")
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    /// Watches a connection; `number` is greater than 0. A failure (ENOMEM, ENOSPC) leaves the connection
    /// to its deadlines.
    func add(_ connection: Int32, number: UInt64) {
        _ = clinux_epoll_add_half_close(descriptor, connection, number)
    }

    /// Waits for events, at most `timeout` if given, and calls `body` with the number of each.
    func wait(atMost timeout: Duration?, _ body: (UInt64) -> Void) {
        let milliseconds =
            timeout.map { Int32(clamping: ($0.nanoseconds &+ 999_999) / 1_000_000) } ?? -1
        var numbers = InlineArray<32, UInt64>(repeating: 0)
        var span = numbers.mutableSpan
        let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
            unsafe clinux_epoll_wait(descriptor, buffer.baseAddress, 32, milliseconds)
        }
        for index in 0..<max(Int(count), 0) { body(numbers[index]) }
    }
}
