internal import Synchronization

/// Wall-clock time without adjustments: the real time at one moment, advanced by the monotonic clock.
/// Expiry times that outlive the process use it, so that setting the clock ends nothing early or late.
package enum PersistentClock {
    private static let offset = Atomic<Int64>(realOffset)

    /// Nanoseconds.
    package static var nanoseconds: UInt64 {
        Clock.monotonicNanoseconds &+ UInt64(bitPattern: offset.load(ordering: .relaxed))
    }

    /// Nanoseconds by which the real-time clock has been set since.
    package static var correction: Int64 {
        realOffset &- offset.load(ordering: .relaxed)
    }

    /// Nanoseconds from the monotonic clock to this one.
    package static var monotonicOffset: Int64 { offset.load(ordering: .relaxed) }

    /// Continues the clock of an earlier process of the same boot.
    package static func resume(monotonicOffset: Int64) {
        offset.store(monotonicOffset, ordering: .relaxed)
    }

    /// Continues the clock of an earlier boot, which differed by `correction` from the real one.
    package static func resume(correction: Int64) {
        offset.store(realOffset &- correction, ordering: .relaxed)
    }

    /// Nanoseconds from the monotonic clock to the real one.
    private static var realOffset: Int64 {
        Int64(bitPattern: Clock.realNanoseconds &- Clock.monotonicNanoseconds)
    }
}
