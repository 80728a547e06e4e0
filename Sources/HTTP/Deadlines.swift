internal import CLinux
internal import Glibc
internal import Kernel
internal import Synchronization

/// The thread that cuts connections whose deadline has passed, and those whose client has closed its
/// side before its request was complete.
///
/// libmicrohttpd's own timeout restarts with every byte, so that a client that sends a byte a minute
/// keeps its connection; this one does not. The thread sleeps until the next deadline, at most one
/// tick, and without a timeout while no connection is open.
final class Deadlines: Sendable {
    private let connections: OpenConnections
    private let isStopping = Atomic<Bool>(false)
    private let wakeup: EventFD
    /// Reports the connections whose client has closed its side, and the wakeup.
    private let watch: HalfCloseWatch
    private let limits: Limits
    private let statistics: Statistics
    /// A quarter of the shortest timeout: a deadline that is set while the thread sleeps is never
    /// nearer than that, so setting it needs no wakeup.
    private let tickNanoseconds: UInt64

    /// libmicrohttpd reads again at once when a side is closed, then after this time and twice as long each time.
    private static let firstNudge: UInt64 = 2_000_000
    private static let longestNudge: UInt64 = 256_000_000

    init(
        _ connections: OpenConnections, limits: Limits, statistics: Statistics
    ) throws(KernelError) {
        self.connections = connections
        wakeup = try EventFD()
        watch = try HalfCloseWatch(wakeup: wakeup.fileDescriptor)
        self.limits = limits
        self.statistics = statistics
        let shortest = min(
            limits.headerTimeout, limits.bodyTimeout, limits.writeTimeout, limits.idleTimeout,
            limits.refusalTimeout * 4)
        tickNanoseconds = max(shortest.nanoseconds / 4, 5_000_000)
    }

    /// Watches a connection that has been added to `OpenConnections`, until its descriptor is closed.
    func watch(_ connection: Connection, isFirst: Bool) {
        watch.add(connection.descriptor, number: connection.number)
        if isFirst { wakeup.signal() }
    }

    /// Body of the thread `http-clock`: started by `Server.init`, ends after `stop`.
    func run() {
        var timeout: UInt64?
        while true {
            watch.wait(atMost: timeout.map { Duration.nanoseconds(Int64(clamping: $0)) }) {
                number in
                if number == HalfCloseWatch.wakeup {
                    wakeup.wait(atMost: .zero)
                } else {
                    connections.with(number: number) { beginNudging($0) }
                }
            }
            if isStopping.load(ordering: .acquiring) { return }
            let now = Clock.monotonicNanoseconds
            timeout = cutOverdue(now: now).map { $0 > now ? $0 - now : 0 }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        wakeup.signal()
    }

    /// Returns the time of the next check; nil when no connection is open.
    private func cutOverdue(now: UInt64) -> UInt64? {
        var next: UInt64?
        connections.forEach { connection in
            var due = min(next ?? .max, now &+ tickNanoseconds)
            if connection.nudgeNanoseconds > 0 {
                if connection.nudgeNanoseconds <= now { nudge(connection, now: now) }
                due = min(due, connection.nudgeNanoseconds)
            }
            let packed = connection.packedDeadline
            if let (nanoseconds, reason) = Connection.unpack(packed) {
                if nanoseconds <= now {
                    cut(connection, reason: reason)
                } else {
                    due = min(due, nanoseconds)
                    if reason == .idleTimeout { checkIdle(connection, packed: packed, now: now) }
                }
            }
            next = due
        }
        return next
    }

    private func cut(_ connection: Connection, reason: RefusalReason) {
        connection.neverExpire()
        if !connection.isRefused { statistics.count(reason) }
        // libmicrohttpd reads end of file and closes the descriptor.
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
    }

    // MARK: Closed sides

    /// libmicrohttpd 0.9.75 misses an end of file that arrives together with bytes: it watches with
    /// EPOLLET and without EPOLLRDHUP, and does not read again after it has read fewer bytes than its
    /// buffer holds. shutdown(2) of the side that the client has closed already changes nothing for
    /// either, but is an event for every epoll instance: the connection's thread reads what is left and
    /// then the end. It may have been between its read and the next epoll_wait(2), so the call is
    /// repeated until the connection is closed.
    private func beginNudging(_ connection: Connection) {
        connection.nudgeStep = Deadlines.firstNudge
        connection.nudgeNanoseconds = 1
    }

    private func nudge(_ connection: Connection, now: UInt64) {
        switch Connection.unpack(connection.packedDeadline)?.reason {
        case .headerTimeout, .bodyTimeout, .idleTimeout:
            shutdown(connection.descriptor, Int32(SHUT_RD))
        // A request that is being answered: its client may well have sent all it wanted to.
        default: break
        }
        connection.nudgeNanoseconds = now &+ connection.nudgeStep
        connection.nudgeStep = min(connection.nudgeStep * 2, Deadlines.longestNudge)
    }

    /// Starts the header's deadline of an idle connection once bytes of a further request have arrived.
    ///
    /// libmicrohttpd notifies of a request only when its first line is complete; until then only the
    /// kernel's count of received bytes (TCP_INFO) changes. A Unix socket has no such count.
    private func checkIdle(_ connection: Connection, packed: UInt64, now: UInt64) {
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
