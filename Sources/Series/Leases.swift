internal import Kernel

/// How long the gauges of each producer count: 300 s after its last accepted push, twenty times the
/// usual scrape interval. Times are in nanoseconds of the monotonic clock. The lock guards the table;
/// no other lock is taken under it.
package final class Leases: Sendable {
    package static let standardDuration = Duration.seconds(300)

    /// One lease of a producer. A new lease after a pause differs from it.
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

    /// `limit` is the number of producers that can have a lease at a time.
    package init(_ duration: Duration = Leases.standardDuration, limit: Int) {
        self.duration = duration.nanoseconds
        self.limit = limit
    }

    /// Starts a producer's lease, or renews the current one. Nil if `limit` others have one;
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

    /// Renews a producer's lease if it has not ended.
    package func renew(_ producer: UInt64, now: UInt64) {
        table.withLock { table in
            if let term = table.terms[producer], term.end > now {
                table.terms[producer]?.end = now &+ duration
            }
        }
    }

    /// Whether the lease has not ended.
    package func isAlive(_ lease: Lease, now: UInt64) -> Bool {
        table.withLock { table in
            guard let term = table.terms[lease.producer] else { return false }
            return term.number == lease.number && term.end > now
        }
    }

    /// The producers whose leases have ended, and the earliest time at which another one can end,
    /// including leases that start after the call.
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
