internal import CLinux
internal import Glibc
internal import Kernel

/// The open connections of a server: those that count against its limits, and which of them is closed
/// for a new one at a limit.
///
/// At a limit the connection whose client has kept the server waiting the longest is closed, so that
/// clients that only occupy connections do not keep others out: first those between two requests, then
/// those with half a header, then those with half a body.
final class OpenConnections: Sendable {
    /// The limit beyond which a connection is.
    enum Refusal: Sendable {
        /// `Limits.connections`.
        case all
        /// The same, and the client has its share of them.
        case client
    }

    private struct State {
        var connections: [UInt64: Connection] = [:]
        var perClient: [ClientKey: Int] = [:]
        /// Connections that count against `Limits.connections`.
        var counted = 0
        var lastNumber: UInt64 = 0
    }

    /// Guards the lists and the connections' `observed…`, `nudge…` and `isCounted`. No other lock is
    /// taken under it; shutdown(2) is called under it, so that `remove` returns only when the descriptor
    /// is unused.
    private let state = LockedValue(State())
    private let limits: Limits
    private let statistics: Statistics

    init(limits: Limits, statistics: Statistics) {
        self.limits = limits
        self.statistics = statistics
    }

    /// Adds a connection and returns nil, or the limit that is reached: then it is only open until its
    /// 503 is read. Returns whether it is the only one as well.
    func add(_ connection: Connection) -> (refusal: Refusal?, isFirst: Bool) {
        let now = Clock.monotonicNanoseconds
        return state.withLock { state in
            state.lastNumber &+= 1
            connection.number = state.lastNumber
            state.connections[connection.number] = connection
            connection.refusal = makeRoom(for: connection.client, in: &state, now: now)
            if connection.refusal == nil { count(connection, in: &state) }
            return (connection.refusal, state.connections.count == 1)
        }
    }

    /// Removes a connection. Afterwards this object does not use its descriptor.
    func remove(_ connection: Connection) {
        state.withLock { state in
            state.connections[connection.number] = nil
            uncount(connection, in: &state)
        }
    }

    /// Number of connections that are past the header of their first request.
    var countPastFirstHead: Int {
        state.withLock { state in
            state.connections.values.count { connection in
                Connection.unpack(connection.packedDeadline)?.reason != .headerTimeout
            }
        }
    }

    /// Calls `body` with each connection under the lock.
    func forEach(_ body: (Connection) -> Void) {
        state.withLock { state in
            for connection in state.connections.values { body(connection) }
        }
    }

    /// Calls `body` with the connection of this number under the lock, if it is still open.
    func with(number: UInt64, _ body: (Connection) -> Void) {
        state.withLock { state in
            if let connection = state.connections[number] { body(connection) }
        }
    }

    var isEmpty: Bool { state.withLock { $0.connections.isEmpty } }

    // MARK: Limits

    /// Closes a connection if the limit is reached and the new one has a better right to its place: a client
    /// that has less than its share takes one of a client that has more.
    private func makeRoom(
        for client: ClientKey?, in state: inout State, now: UInt64
    ) -> Refusal? {
        if state.counted < limits.connections { return nil }
        let share = limits.clientConnections
        if let client, state.perClient[client, default: 0] >= share {
            let own = longestWaiting(in: state, now: now) { $0.client == client }
            guard let own else { return .client }
            evict(own, in: &state)
            return nil
        }
        let greedy = Set(state.perClient.filter { $0.value > share }.keys)
        let victim =
            longestWaiting(in: state, now: now, isUrgent: true) { connection in
                connection.client.map(greedy.contains) ?? false
            } ?? longestWaiting(in: state, now: now) { _ in true }
        guard let victim else { return .all }
        evict(victim, in: &state)
        return nil
    }

    /// `isUrgent`: also a connection whose request has just begun, or whose response is being sent.
    private func longestWaiting(
        in state: State, now: UInt64, isUrgent: Bool = false,
        where isCandidate: (Connection) -> Bool
    ) -> Connection? {
        var best: (connection: Connection, rank: Int, since: UInt64)?
        for connection in state.connections.values
        where connection.isCounted && isCandidate(connection) {
            guard let (rank, since) = waiting(connection, now: now, isUrgent: isUrgent) else {
                continue
            }
            if let best, (best.rank, best.since) <= (rank, since) { continue }
            best = (connection, rank, since)
        }
        return best?.connection
    }

    /// What the connection's client keeps the server waiting for, and since when; nil if it does not, or
    /// not yet for long.
    private func waiting(
        _ connection: Connection, now: UInt64, isUrgent: Bool
    ) -> (rank: Int, since: UInt64)? {
        guard let (end, reason) = Connection.unpack(connection.packedDeadline) else { return nil }
        let (rank, time): (Int, Duration)
        switch reason {
        case .idleTimeout: (rank, time) = (0, limits.idleTimeout)
        case .headerTimeout: (rank, time) = (1, limits.headerTimeout)
        case .bodyTimeout: (rank, time) = (2, limits.bodyTimeout)
        case .writeTimeout where isUrgent: (rank, time) = (3, limits.writeTimeout)
        default: return nil
        }
        let since = end > time.nanoseconds ? end &- time.nanoseconds : 0
        // A tenth of its time is left to a request that has begun.
        if !isUrgent, rank > 0, now < since &+ time.nanoseconds / 10 { return nil }
        return (rank, since)
    }

    private func evict(_ connection: Connection, in state: inout State) {
        uncount(connection, in: &state)
        connection.neverExpire()
        statistics.count(.evicted)
        // libmicrohttpd reads end of file and closes the descriptor.
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
    }

    private func count(_ connection: Connection, in state: inout State) {
        connection.isCounted = true
        state.counted += 1
        statistics.setOpenConnections(state.counted)
        if let client = connection.client { state.perClient[client, default: 0] += 1 }
    }

    private func uncount(_ connection: Connection, in state: inout State) {
        guard connection.isCounted else { return }
        connection.isCounted = false
        state.counted -= 1
        statistics.setOpenConnections(state.counted)
        guard let client = connection.client, let count = state.perClient[client] else { return }
        state.perClient[client] = count > 1 ? count - 1 : nil
    }
}
