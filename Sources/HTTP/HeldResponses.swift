internal import CLinux
internal import Glibc
internal import Kernel

/// Bytes of responses that clients have not read yet, against a limit for all clients together.
///
/// At the limit a client with less than a quarter of it takes from one with more: each has its share
/// while there is too little for all.
///
/// A response that several connections share counts once, and once for each client. One response always
/// fits, however large. Beyond a limit the connections of clients that have been reading for a
/// while are closed, those that have read the least before others; if that does not suffice, the caller
/// answers 503.
package final class HeldResponses: Sendable {
    /// Responses below this size are not counted: they fit into the socket's buffer, and the lock that
    /// counting takes would cost more than they do.
    static let smallestBytes = 16 << 10
    /// Time that a client is left to read a response before its connection may be closed for others.
    static let readingTime = Duration.milliseconds(250)

    private struct Share {
        let body: Body
        /// Connections that hold the response, by client.
        var holders: [ClientKey: Int] = [:]
    }

    private struct Holder {
        let connection: Connection
        let body: ObjectIdentifier
        let since: UInt64
    }

    private struct State {
        var shares: [ObjectIdentifier: Share] = [:]
        var holders: [ObjectIdentifier: Holder] = [:]
        var perClient: [ClientKey: Int] = [:]
        var bytes = 0
    }

    /// Guards all of it. shutdown(2) is called under it, so that `release` returns only when the
    /// connection's descriptor is unused. No other lock is taken under it.
    private let state = LockedValue(State())
    package let limitBytes: Int

    package init(limitBytes: Int) {
        self.limitBytes = max(limitBytes, 1)
    }

    /// The share of one client.
    package var clientLimitBytes: Int { max(limitBytes / 4, 1) }

    /// Bytes that are held now.
    package var bytes: Int { state.withLock { $0.bytes } }

    /// Whether a response of so many bytes would fit for this client; closes connections of slow readers
    /// where that helps. Asked before a page is made.
    package func hasRoom(for client: ClientKey, bytes: Int) -> Bool {
        if bytes < HeldResponses.smallestBytes { return true }
        let now = Clock.monotonicNanoseconds
        return state.withLock { makeRoom(for: client, body: nil, bytes: bytes, in: &$0, now: now) }
    }

    /// Counts a response that is about to be sent on `connection`. Returns false, and counts nothing, if
    /// the limits do not allow it.
    func hold(_ body: Body, by connection: Connection) -> Bool {
        let bytes = body.count
        if bytes < HeldResponses.smallestBytes { return true }
        let client = connection.owner
        let now = Clock.monotonicNanoseconds
        let key = ObjectIdentifier(body)
        let isHeld = state.withLock { state -> Bool in
            guard makeRoom(for: client, body: key, bytes: bytes, in: &state, now: now) else {
                return false
            }
            if state.shares[key] == nil {
                state.shares[key] = Share(body: body)
                state.bytes += bytes
            }
            let before = state.shares[key]?.holders[client, default: 0] ?? 0
            state.shares[key]?.holders[client] = before + 1
            if before == 0 { state.perClient[client, default: 0] += bytes }
            state.holders[ObjectIdentifier(connection)] = Holder(
                connection: connection, body: key, since: now)
            return true
        }
        connection.holdsResponse = isHeld
        return isHeld
    }

    /// The connection has sent its response, or is closed.
    func release(_ connection: Connection) {
        guard connection.holdsResponse else { return }
        connection.holdsResponse = false
        // Not under the lock: the last reference returns the body's memory.
        let body = state.withLock { remove(connection, in: &$0) }
        _ = consume body
    }

    /// Returns the body if no other connection holds it.
    @discardableResult
    private func remove(_ connection: Connection, in state: inout State) -> Body? {
        guard let holder = state.holders.removeValue(forKey: ObjectIdentifier(connection)),
            var share = state.shares[holder.body]
        else { return nil }
        let client = connection.owner
        let left = (share.holders[client] ?? 1) - 1
        share.holders[client] = left > 0 ? left : nil
        if left <= 0 {
            let bytes = (state.perClient[client] ?? 0) - share.body.count
            state.perClient[client] = bytes > 0 ? bytes : nil
        }
        if !share.holders.isEmpty {
            state.shares[holder.body] = share
            return nil
        }
        state.shares[holder.body] = nil
        state.bytes -= share.body.count
        return share.body
    }

    /// `body` is the response that is to be held, nil for one that is not made yet.
    private func makeRoom(
        for client: ClientKey, body: ObjectIdentifier?, bytes: Int, in state: inout State,
        now: UInt64
    ) -> Bool {
        while !fits(nil, body: body, bytes: bytes, limit: limitBytes, in: state) {
            let share = clientLimitBytes
            if !fits(client, body: body, bytes: bytes, limit: share, in: state) {
                guard cutSlowest(in: &state, now: now, where: { $0.owner == client }) else {
                    return false
                }
                continue
            }
            let greedy = Set(state.perClient.filter { $0.value > share }.keys)
            guard
                cutSlowest(
                    in: &state, now: now, isUrgent: true, where: { greedy.contains($0.owner) })
                    || cutSlowest(in: &state, now: now, where: { _ in true })
            else { return false }
        }
        return true
    }

    /// Whether the response fits into what `client` may hold, or into what all may if nil.
    private func fits(
        _ client: ClientKey?, body: ObjectIdentifier?, bytes: Int, limit: Int, in state: State
    ) -> Bool {
        let held = client.map { state.perClient[$0] ?? 0 } ?? state.bytes
        if held == 0 { return true }
        if let body, let share = state.shares[body] {
            guard let client else { return true }
            if share.holders[client] != nil { return true }
        }
        return held + bytes <= limit
    }

    /// Closes the connection whose client has read the least, the one that began first of several. A client
    /// that has read for less than `readingTime` is left alone unless it is `isUrgent`.
    private func cutSlowest(
        in state: inout State, now: UInt64, isUrgent: Bool = false,
        where isCandidate: (Connection) -> Bool
    ) -> Bool {
        var slowest: (holder: Holder, read: Int64)?
        for holder in state.holders.values where isCandidate(holder.connection) {
            let isOld = now > holder.since &+ HeldResponses.readingTime.nanoseconds
            if !isOld, !isUrgent { continue }
            // In steps, so that only a client that really reads is distinguished.
            let read = max(clinux_tcp_acknowledged(holder.connection.descriptor), 0) >> 18
            if let slowest, (slowest.read, slowest.holder.since) <= (read, holder.since) {
                continue
            }
            slowest = (holder, read)
        }
        guard let slowest else { return false }
        // Its memory is released when its thread has seen the end of the connection.
        remove(slowest.holder.connection, in: &state)
        slowest.holder.connection.wasCutForMemory()
        return true
    }
}
