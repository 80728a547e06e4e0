internal import Synchronization

/// Why a server turned a client away or cut it off.
package enum RefusalReason: Int, Sendable, CaseIterable {
    /// `Limits.connections` were open.
    case connectionLimit
    /// The header took longer than `Limits.headerTimeout`.
    case headerTimeout
    /// The body took longer than `Limits.bodyTimeout`.
    case bodyTimeout
    /// The client did not read its answer within `Limits.writeTimeout`.
    case writeTimeout
    /// A kept connection was idle for `Limits.idleTimeout`.
    case idleTimeout
    /// The body was larger than `Limits.bodyBytes`.
    case bodyBytes
    /// The request was not HTTP as we accept it (the gate, or libmicrohttpd's own parser).
    case malformed
    /// The server was about to stop.
    case draining
    /// `Limits.flightBytes` of bodies were in memory.
    case flightBytes

    /// As a label's value.
    package var name: String {
        switch self {
        case .connectionLimit: "connection_limit"
        case .headerTimeout: "header_timeout"
        case .bodyTimeout: "body_timeout"
        case .writeTimeout: "write_timeout"
        case .idleTimeout: "idle_timeout"
        case .bodyBytes: "body_bytes"
        case .malformed: "malformed"
        case .draining: "draining"
        case .flightBytes: "flight_bytes"
        }
    }
}

/// What a server has done so far. Reading takes no lock; the numbers are those of the moment.
package final class Statistics: Sendable {
    /// The status codes that are counted one by one.
    package static let statuses: [Int] = [
        200, 202, 204, 304, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429, 500, 501,
        503, 505,
    ]

    private let byStatus: InlineArray<20, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let otherStatus = Atomic<UInt64>(0)
    private let byRefusal: InlineArray<9, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let open = Atomic<Int>(0)
    private let accepted = Atomic<UInt64>(0)
    private let active = Atomic<Int>(0)
    private let pending = Atomic<Int>(0)

    init() {
        precondition(Statistics.statuses.count == byStatus.count)
        precondition(RefusalReason.allCases.count == byRefusal.count)
    }

    // MARK: What anybody may read

    /// Answers with this status; with nil those whose status is not in `statuses`.
    package func answers(status: Int?) -> UInt64 {
        guard let status else { return otherStatus.load(ordering: .relaxed) }
        guard let index = Statistics.statuses.firstIndex(of: status) else { return 0 }
        return byStatus[index].load(ordering: .relaxed)
    }

    package func refusals(_ reason: RefusalReason) -> UInt64 {
        byRefusal[reason.rawValue].load(ordering: .relaxed)
    }

    /// Connections that are being served, kept ones included.
    package var openConnections: Int { open.load(ordering: .relaxed) }

    /// Connections accepted since the start, refused ones included.
    package var acceptedConnections: UInt64 { accepted.load(ordering: .relaxed) }

    /// Requests between their first line and the last byte of their answer.
    package var activeRequests: Int { active.load(ordering: .acquiring) }

    /// Requests that wait for an answer from another thread.
    package var suspendedRequests: Int { pending.load(ordering: .sequentiallyConsistent) }

    func countAnswer(_ status: Int) {
        if let index = Statistics.statuses.firstIndex(of: status) {
            byStatus[index].wrappingAdd(1, ordering: .relaxed)
        } else {
            otherStatus.wrappingAdd(1, ordering: .relaxed)
        }
    }

    func count(_ reason: RefusalReason) {
        byRefusal[reason.rawValue].wrappingAdd(1, ordering: .relaxed)
    }

    func countAccepted() {
        accepted.wrappingAdd(1, ordering: .relaxed)
    }

    /// Takes a place for one more connection unless `limit` are taken.
    func openConnection(limit: Int) -> Bool {
        let before = open.wrappingAdd(1, ordering: .relaxed).oldValue
        if before < limit { return true }
        open.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    func closeConnection() {
        open.wrappingSubtract(1, ordering: .relaxed)
    }

    func beginRequest() {
        active.wrappingAdd(1, ordering: .relaxed)
    }

    /// Returns how many are left.
    func endRequest() -> Int {
        active.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    }

    func beginSuspension() {
        // `stop` and a handler must not both believe that they came first.
        pending.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    func endSuspension() {
        pending.wrappingSubtract(1, ordering: .releasing)
    }
}
