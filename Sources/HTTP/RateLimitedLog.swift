internal import Kernel

/// Writes libmicrohttpd's messages to the log, at most `lines` in ten seconds. Hostile clients cause
/// one per request; the rest is counted, and the count is written with the next line.
final class RateLimitedLog: Sendable {
    private struct Window {
        var start: UInt64 = 0
        var lines = 0
        var dropped = 0
    }

    /// Guards the counters of the current ten seconds; the line is written outside.
    private let window = LockedValue(Window())
    private let lines: Int
    private let output: @Sendable (String) -> Void

    init(lines: Int, write: @escaping @Sendable (String) -> Void) {
        self.lines = lines
        output = write
    }

    func write(_ message: Span<UInt8>) {
        write(message.trimmed.string)
    }

    func write(_ message: String) {
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
        if dropped > 0 { output("\(dropped) libmicrohttpd messages dropped in the last 10 s") }
        if passes { output(message) }
    }
}
