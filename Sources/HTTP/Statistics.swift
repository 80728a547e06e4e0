internal import Synchronization

/// Why a server rejected a request or closed a connection.
package enum RefusalReason: Int, Sendable, CaseIterable {
    /// `Limits.connections`, or `Limits.clientConnections` of the client, were open, all of them with a
    /// request.
    case connectionLimit
    /// The header took longer than `Limits.headerTimeout`.
    case headerTimeout
    /// The body took longer than `Limits.bodyTimeout`.
    case bodyTimeout
    /// The client did not read its answer within `Limits.writeTimeout`.
    case writeTimeout
    /// A connection was idle for `Limits.idleTimeout`.
    case idleTimeout
    /// The body was larger than `Limits.bodyBytes`.
    case bodyBytes
    /// `RequestHeadValidator` or libmicrohttpd's own parser rejected the request.
    case malformed
    /// The server was shutting down.
    case draining
    /// `Limits.bodies` were in memory.
    case inFlightBodyBytes
    /// A connection without a complete request was closed for a new one, at `Limits.connections` or
    /// `Limits.clientConnections`.
    case evicted
    /// A client that had not read its response was cut for other responses
    /// (`HeldResponses`).
    case slowReader
    /// Clients had not yet read `HeldResponses.limitBytes` of responses.
    case heldResponses

    /// Value of the label `reason`.
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
        case .inFlightBodyBytes: "flight_bytes"
        case .evicted: "evicted"
        case .slowReader: "slow_reader"
        case .heldResponses: "held_pages"
        }
    }
}

/// Counters of a server. All are atomic: reading takes no lock and never waits for a request.
package final class Statistics: Sendable {
    /// The status codes that have a counter of their own.
    package static let statuses: [Int] = [
        200, 202, 204, 304, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429, 500, 501,
        503, 505,
    ]

    private let byStatus: InlineArray<20, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let otherStatus = Atomic<UInt64>(0)
    private let byRefusal: InlineArray<12, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let open = Atomic<Int>(0)
    private let accepted = Atomic<UInt64>(0)
    private let active = Atomic<Int>(0)
    private let pending = Atomic<Int>(0)

    init() {
        precondition(Statistics.statuses.count == byStatus.count)
        precondition(RefusalReason.allCases.count == byRefusal.count)
    }

    // MARK: Reading

    /// Responses with this status; nil counts those whose status is not in `statuses`.
    package func answers(status: Int?) -> UInt64 {
        guard let status else { return otherStatus.load(ordering: .relaxed) }
        guard let index = Statistics.statuses.firstIndex(of: status) else { return 0 }
        return byStatus[index].load(ordering: .relaxed)
    }

    package func refusals(_ reason: RefusalReason) -> UInt64 {
        byRefusal[reason.rawValue].load(ordering: .relaxed)
    }

    /// Connections being served, idle ones included.
    package var openConnections: Int { open.load(ordering: .relaxed) }

    /// Connections accepted since the start, including those beyond the limit.
    package var acceptedConnections: UInt64 { accepted.load(ordering: .relaxed) }

    /// Requests between their request line and the last byte of their response.
    package var activeRequests: Int { active.load(ordering: .acquiring) }

    /// Requests that wait for a response from another thread.
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

    func setOpenConnections(_ count: Int) {
        open.store(count, ordering: .relaxed)
    }

    func beginRequest() {
        active.wrappingAdd(1, ordering: .relaxed)
    }

    /// Returns the number of requests that are still active.
    func endRequest() -> Int {
        active.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    }

    func beginSuspension() {
        // Sequentially consistent with `isStopping`: either `stop` sees this request, or the handler
        // sees that the server stops.
        pending.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    func endSuspension() {
        pending.wrappingSubtract(1, ordering: .releasing)
    }
}
