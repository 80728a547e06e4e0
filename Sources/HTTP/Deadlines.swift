internal import CLinux
internal import Glibc
internal import Kernel

/// The open connections of a server, and the thread that cuts those whose deadline has passed.
///
/// libmicrohttpd's own timeout restarts with every byte, so that a client that sends a byte a minute
/// keeps its connection; this one does not. The thread sleeps until the next deadline, at most one
/// tick, and without a timeout while no connection is open.
final class Deadlines: Sendable {
    private struct State {
        var connections: [Connection] = []
        var isStopping = false
    }

    /// Guards the list and the connections' `observed…` and `place`. No other lock is taken under it;
    /// shutdown(2) is called under it, so that `forget` returns only when the descriptor is unused.
    private let state = LockedValue(State())
    private let wakeup: EventFD
    private let limits: Limits
    private let statistics: Statistics
    /// A quarter of the shortest timeout: a deadline that is set while the thread sleeps is never
    /// nearer than that, so setting it needs no wakeup.
    private let tickNanoseconds: UInt64

    init(limits: Limits, statistics: Statistics) throws(KernelError) {
        wakeup = try EventFD()
        self.limits = limits
        self.statistics = statistics
        let shortest = min(
            limits.headerTimeout, limits.bodyTimeout, limits.writeTimeout, limits.idleTimeout,
            limits.refusalTimeout * 4)
        tickNanoseconds = max(shortest.nanoseconds / 4, 5_000_000)
    }

    /// Adds a connection.
    func watch(_ connection: Connection) {
        let isFirst = state.withLock { state in
            connection.place = state.connections.count
            state.connections.append(connection)
            return state.connections.count == 1
        }
        if isFirst { wakeup.signal() }
    }

    /// Removes a connection. Afterwards this object does not use its descriptor.
    func forget(_ connection: Connection) {
        state.withLock { state in
            let place = connection.place
            guard place < state.connections.count, state.connections[place] === connection else {
                return
            }
            let last = state.connections.removeLast()
            if last !== connection {
                state.connections[place] = last
                last.place = place
            }
        }
    }

    /// Number of connections that are past the header of their first request.
    var connectionsPastFirstHead: Int {
        state.withLock { state in
            state.connections.count { connection in
                Connection.unpack(connection.packedDeadline)?.reason != .headerTimeout
            }
        }
    }

    /// Body of the thread `http-clock`: started by `Server.init`, ends after `stop`.
    func run() {
        while true {
            let now = Clock.monotonicNanoseconds
            let (isStopping, next) = state.withLock { state in
                (state.isStopping, self.cutOverdue(state.connections, now: now))
            }
            if isStopping { return }
            guard let next else {
                wakeup.wait()
                continue
            }
            wakeup.wait(atMost: .nanoseconds(Int64(min(next &- now, tickNanoseconds))))
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wakeup.signal()
    }

    /// Returns the time of the next check; nil when no connection is open.
    private func cutOverdue(_ connections: [Connection], now: UInt64) -> UInt64? {
        if connections.isEmpty { return nil }
        var next = now &+ tickNanoseconds
        for connection in connections {
            let packed = connection.packedDeadline
            guard let (nanoseconds, reason) = Connection.unpack(packed) else { continue }
            if nanoseconds <= now {
                cut(connection, reason: reason)
            } else {
                next = min(next, nanoseconds)
                if reason == .idleTimeout { checkIdle(connection, packed: packed, now: now) }
            }
        }
        return next
    }

    private func cut(_ connection: Connection, reason: RefusalReason) {
        connection.neverExpire()
        if !connection.isRefused { statistics.count(reason) }
        // libmicrohttpd reads end of file and closes the descriptor.
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
    }

    /// Ends an idle connection whose client has closed its side, and starts the header's deadline once
    /// bytes of a further request have arrived.
    ///
    /// libmicrohttpd 0.9.75 misses an end of file that arrived together with a request, and notifies of
    /// a request only when its first line is complete; until then only the kernel's count of received
    /// bytes (TCP_INFO) changes. A Unix socket has no such count.
    private func checkIdle(_ connection: Connection, packed: UInt64, now: UInt64) {
        if clinux_is_half_closed(connection.descriptor) != 0 {
            connection.neverExpire()
            shutdown(connection.descriptor, Int32(SHUT_RDWR))
            return
        }
        let received = clinux_tcp_received(connection.descriptor)
        if received < 0 { return }
        if connection.observedDeadline != packed {
            connection.observedDeadline = packed
            connection.observedBytes = received
        } else if received != connection.observedBytes {
            connection.replaceDeadline(
                packed, by: now &+ limits.headerTimeout.nanoseconds, reason: .headerTimeout)
        }
    }
}
