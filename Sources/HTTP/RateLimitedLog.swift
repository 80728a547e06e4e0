internal import Kernel

/// libmicrohttpd's messages on their way to the log: hostile clients cause many, so only some
/// lines pass in ten seconds and the others are counted.
final class RateLimitedLog: Sendable {
    private struct Window {
        var start: UInt64 = 0
        var lines = 0
        var dropped = 0
    }

    private let window = LockedValue(Window())
    private let lines: Int
    private let write: @Sendable (String) -> Void

    init(lines: Int, write: @escaping @Sendable (String) -> Void) {
        self.lines = lines
        self.write = write
    }

    func pass(_ message: Span<UInt8>) {
        pass(message.trimmed.string)
    }

    func pass(_ message: String) {
        let now = Clock.monotonicNanoseconds
        let (passes, dropped) = window.withLock { window -> (Bool, Int) in
            var dropped = 0
            if now &- window.start >= 10_000_000_000 {
                dropped = window.dropped
                window = Window(start: now)
            }
            if window.lines < lines {
                window.lines += 1
                return (true, dropped)
            }
            window.dropped += 1
            return (false, dropped)
        }
        if dropped > 0 { write("\(dropped) further messages of libmicrohttpd were left out") }
        if passes { write(message) }
    }
}
