internal import Kernel

/// Until when the gauges of each producer count: every accepted push renews them.
///
/// Times are of the monotonic clock, in nanoseconds.
package final class Leases: Sendable {
    package static let standardDuration = Duration.seconds(300)

    /// One lease of a producer: another one after a pause is not the same.
    package struct Lease: Sendable, Equatable {
        package let producer: UInt64
        let number: UInt64
    }

    private struct Table: Sendable {
        var terms: [UInt64: (number: UInt64, end: UInt64)] = [:]
        var started: UInt64 = 0
    }

    private let duration: UInt64
    private let limit: Int
    private let table = LockedValue(Table())

    /// `limit` is how many producers may have a lease at a time.
    package init(_ duration: Duration = Leases.standardDuration, limit: Int) {
        self.duration = duration.nanoseconds
        self.limit = limit
    }

    /// Starts a producer's lease, or renews the one that it has. Nil when there are too many others;
    /// `checksLimit` is false for a lease that is restored.
    package func start(_ producer: UInt64, now: UInt64, checksLimit: Bool = true) -> Lease? {
        table.withLock { table in
            if let term = table.terms[producer], term.end > now {
                table.terms[producer]?.end = now &+ duration
                return Lease(producer: producer, number: term.number)
            }
            if checksLimit, table.terms.count >= limit {
                table.terms = table.terms.filter { $0.value.end > now }
                if table.terms.count >= limit { return nil }
            }
            table.started &+= 1
            table.terms[producer] = (table.started, now &+ duration)
            return Lease(producer: producer, number: table.started)
        }
    }

    /// Renews a producer's lease, if it has one that has not ended.
    package func renew(_ producer: UInt64, now: UInt64) {
        table.withLock { table in
            if let term = table.terms[producer], term.end > now {
                table.terms[producer]?.end = now &+ duration
            }
        }
    }

    /// Whether the lease has neither ended nor been taken back.
    package func isAlive(_ lease: Lease, now: UInt64) -> Bool {
        table.withLock { table in
            guard let term = table.terms[lease.producer] else { return false }
            return term.number == lease.number && term.end > now
        }
    }

    /// The producers whose leases have ended, and when the next will have at the earliest, those
    /// included that have not started yet.
    package func expired(now: UInt64) -> (producers: [UInt64], next: UInt64) {
        table.withLock { table in
            var expired: [UInt64] = []
            var next = now &+ duration
            for (producer, term) in table.terms {
                if term.end <= now { expired.append(producer) } else { next = min(next, term.end) }
            }
            return (expired.sorted(), next)
        }
    }

    /// Ends all leases now.
    package func endAll() {
        table.withLock { $0.terms.removeAll() }
    }

    /// Ends a producer's lease now.
    package func end(_ producer: UInt64) {
        table.withLock { $0.terms[producer] = nil }
    }
}
