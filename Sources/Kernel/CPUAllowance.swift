/// The CPU time that one request may use on the thread that serves it. It is looked at between steps of the
/// work: a body that is more expensive than its size says must not hold up others.
package struct CPUAllowance: Sendable {
    /// Calls of `isUsedUp` between two looks at the clock, which is a system call.
    private static let steps = 256

    /// Seconds, for messages.
    package let seconds: Double
    private let end: UInt64
    private var step = 0

    /// Begins now, on this thread.
    package init(_ time: Duration) {
        seconds = time.seconds
        end = Clock.threadCPUNanoseconds &+ time.nanoseconds
    }

    /// Whether the time is used up. Cheap: it looks at the clock now and then.
    @inline(__always)
    package mutating func isUsedUp() -> Bool {
        step &+= 1
        return step % CPUAllowance.steps == 0 && isUsedUpNow
    }

    /// Whether the time is used up, by the clock.
    package var isUsedUpNow: Bool { Clock.threadCPUNanoseconds >= end }
}
