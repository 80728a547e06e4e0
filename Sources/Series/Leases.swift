internal import Kernel

/// Until when the gauges of each producer count: every accepted push renews them.
///
/// Times are of the monotonic clock, in nanoseconds.
public final class Leases: Sendable {
    public static let standardDuration = Duration.seconds(300)

    private let duration: UInt64
    private let ends = Guarded<[UInt64: UInt64]>([:])

    public init(_ duration: Duration = Leases.standardDuration) {
        self.duration = duration.nanoseconds
    }

    /// Starts a producer's lease. Returns false when there are `limit` others.
    public func start(_ producer: UInt64, now: UInt64, limit: Int) -> Bool {
        ends.withLock { ends in
            if ends[producer] == nil, ends.count >= limit {
                ends = ends.filter { $0.value > now }
                if ends.count >= limit { return false }
            }
            ends[producer] = now &+ duration
            return true
        }
    }

    /// Renews a producer's lease, if it has one that has not ended.
    public func renew(_ producer: UInt64, now: UInt64) {
        ends.withLock { ends in
            if let end = ends[producer], end > now { ends[producer] = now &+ duration }
        }
    }

    /// Whether the producer's gauges still count.
    public func isAlive(_ producer: UInt64, now: UInt64) -> Bool {
        ends.withLock { ($0[producer] ?? 0) > now }
    }

    /// Ends a producer's lease now.
    public func end(_ producer: UInt64) {
        ends.withLock { $0[producer] = nil }
    }
}
