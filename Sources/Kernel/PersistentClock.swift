internal import Synchronization

/// Time since 1970 that nobody sets: the real time of some moment, and from then on as the monotonic
/// clock goes. What has to end at a time that outlives the process is measured by it.
package enum PersistentClock {
    private static let offset = Atomic<Int64>(realOffset)

    /// Nanoseconds.
    package static var nanoseconds: UInt64 {
        Clock.monotonicNanoseconds &+ UInt64(bitPattern: offset.load(ordering: .relaxed))
    }

    /// By how much the real-time clock has been set since, in nanoseconds.
    package static var correction: Int64 {
        realOffset &- offset.load(ordering: .relaxed)
    }

    /// Nanoseconds from the monotonic clock to this one.
    package static var monotonicOffset: Int64 { offset.load(ordering: .relaxed) }

    /// Goes on as the clock of an earlier process of the same boot did.
    package static func resume(monotonicOffset: Int64) {
        offset.store(monotonicOffset, ordering: .relaxed)
    }

    /// Goes on as the clock of an earlier boot did, which lay so far behind the real one.
    package static func resume(correction: Int64) {
        offset.store(realOffset &- correction, ordering: .relaxed)
    }

    /// Nanoseconds from the monotonic clock to the real one.
    private static var realOffset: Int64 {
        Int64(bitPattern: Clock.realNanoseconds &- Clock.monotonicNanoseconds)
    }
}
