internal import CLinux
internal import Glibc
internal import Kernel

/// All connections of a server and the thread that cuts those whose time is up.
///
/// libmicrohttpd's own timeout starts anew with every byte; this one does not. The thread sleeps
/// until the next deadline, at most a tick, and as long as it likes when no connection is open.
final class Deadlines: Sendable {
    private struct State {
        var exchanges: [Connection] = []
        var isStopping = false
    }

    private let state = LockedValue(State())
    private let bell: EventFD
    private let limits: Limits
    private let statistics: Statistics
    /// A quarter of the shortest time a client is given: a deadline set while the thread sleeps is
    /// further away than that.
    private let tickNanoseconds: UInt64

    init(limits: Limits, statistics: Statistics) throws(KernelError) {
        bell = try EventFD()
        self.limits = limits
        self.statistics = statistics
        let shortest = min(
            limits.headerTimeout, limits.bodyTimeout, limits.writeTimeout, limits.idleTimeout,
            limits.refusalTimeout * 4)
        tickNanoseconds = max(shortest.nanoseconds / 4, 5_000_000)
    }

    /// From now on the exchange's deadline is kept.
    func watch(_ connection: Connection) {
        let isFirst = state.withLock { state in
            connection.place = state.exchanges.count
            state.exchanges.append(connection)
            return state.exchanges.count == 1
        }
        if isFirst { bell.ring() }
    }

    /// From now on nobody but the caller touches the exchange's descriptor.
    func forget(_ connection: Connection) {
        state.withLock { state in
            let place = connection.place
            guard place < state.exchanges.count, state.exchanges[place] === connection else {
                return
            }
            let last = state.exchanges.removeLast()
            if last !== connection {
                state.exchanges[place] = last
                last.place = place
            }
        }
    }

    /// Connections that are not waiting for the header of a request.
    var settled: Int {
        state.withLock { state in
            state.exchanges.count { connection in
                Connection.unpack(connection.packedDeadline)?.reason != .headerTimeout
            }
        }
    }

    /// What the clock thread does until `stop`.
    func run() {
        while true {
            let now = Clock.monotonicNanoseconds
            let (isStopping, next) = state.withLock { state in
                (state.isStopping, self.cutOverdue(state.exchanges, now: now))
            }
            if isStopping { return }
            guard let next else {
                bell.wait()
                continue
            }
            bell.wait(atMost: .nanoseconds(Int64(min(next &- now, tickNanoseconds))))
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        bell.ring()
    }

    /// Returns when to look again; nil when no connection is open.
    private func cutOverdue(_ exchanges: [Connection], now: UInt64) -> UInt64? {
        if exchanges.isEmpty { return nil }
        var next = now &+ tickNanoseconds
        for connection in exchanges {
            let packed = connection.packedDeadline
            guard let (nanoseconds, reason) = Connection.unpack(packed) else { continue }
            if nanoseconds <= now {
                cut(connection, reason: reason)
            } else {
                next = min(next, nanoseconds)
                if reason == .idleTimeout { lookAfterIdle(connection, packed: packed, now: now) }
            }
        }
        return next
    }

    private func cut(_ connection: Connection, reason: RefusalReason) {
        connection.neverExpire()
        if !connection.isRefused { statistics.count(reason) }
        // libmicrohttpd sees the end of the connection and closes the descriptor.
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
    }

    /// Ends a kept connection whose client has finished, and gives it the time of a header once
    /// bytes of a further request have come.
    ///
    /// libmicrohttpd misses an end that came together with a request. It tells of a request when
    /// its first line is complete; until then only the kernel's count of received bytes moves. A
    /// Unix socket has no such count.
    private func lookAfterIdle(_ connection: Connection, packed: UInt64, now: UInt64) {
        if clinux_is_half_closed(connection.descriptor) != 0 {
            connection.neverExpire()
            shutdown(connection.descriptor, Int32(SHUT_RDWR))
            return
        }
        let received = clinux_tcp_received(connection.descriptor)
        if received < 0 { return }
        if connection.seenDue != packed {
            connection.seenDue = packed
            connection.seenBytes = received
        } else if received != connection.seenBytes {
            connection.replaceDeadline(
                packed, by: now &+ limits.headerTimeout.nanoseconds, reason: .headerTimeout)
        }
    }
}
