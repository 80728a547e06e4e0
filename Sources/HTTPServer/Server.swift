internal import Glibc
public import Kernel
internal import Synchronization

/// An HTTP/1.1 server: one daemon of libmicrohttpd per listening socket, all with the same routes
/// and the same limits. Several servers may live in one process.
///
/// To stop: `refuseNewRequests`, `quiesce`, answer what is suspended, `waitUntilIdle`, `stop`.
@safe
public final class Server: Sendable {
    private struct State: ~Copyable {
        var daemons: [Daemon] = []
        var isQuiesced = false
        var clock: Worker?
    }

    private let core: ServerCore
    private let listeners: [Listener]
    private let logger: DaemonLogger
    private let state: Mutex<State>

    /// Serves from now on. `name` is for people; `log` gets libmicrohttpd's messages, one line
    /// each, from any thread.
    public init(
        name: String, listeners: [Listener], routes: [Route], limits: Limits = Limits(),
        log: @escaping @Sendable (String) -> Void
    ) throws(KernelError) {
        limits.check()
        let core = try ServerCore(name: name, routes: routes, limits: limits, log: log)
        let deadlines = core.deadlines
        let clock = try Worker("http-clock") { deadlines.run() }
        let logger = DaemonLogger(core)
        var daemons: [Daemon] = []
        do throws(KernelError) {
            for listener in listeners {
                daemons.append(
                    try Daemon(listener: listener, core: core, logger: logger))
            }
        } catch {
            for daemon in daemons { daemon.quiesce() }
            for daemon in daemons { daemon.stop() }
            deadlines.stop()
            clock.join()
            throw error
        }
        self.core = core
        self.listeners = listeners
        self.logger = logger
        state = Mutex(State(daemons: daemons, clock: clock))
    }

    deinit {
        // A Suspended keeps its server: nothing waits any more, so this cannot fail.
        stop()
    }

    public var name: String { core.name }

    public var statistics: Statistics { core.statistics }

    /// Answers every request whose header comes from now on with 503 and ends its connection.
    /// Requests that have begun go on.
    public func refuseNewRequests() {
        core.isDraining.store(true, ordering: .sequentiallyConsistent)
    }

    /// Accepts no further connection. Calling it again does nothing.
    public func quiesce() {
        state.withLock { Server.quiesce(&$0) }
    }

    private static func quiesce(_ state: inout State) {
        if state.isQuiesced { return }
        state.isQuiesced = true
        for daemon in state.daemons { daemon.quiesce() }
    }

    /// Waits until no request is active, at most until the monotonic time `deadlineNanoseconds`.
    /// Returns whether none is. Only a server that refuses new requests becomes idle for good.
    public func waitUntilIdle(until deadlineNanoseconds: UInt64) -> Bool {
        while core.statistics.activeRequests > 0 {
            let now = Clock.monotonicNanoseconds
            if now >= deadlineNanoseconds { return false }
            // The bell rings for a draining server only; the others are looked at now and then.
            let left = min(deadlineNanoseconds - now, 50_000_000)
            core.idleBell.wait(atMost: .nanoseconds(Int64(left)))
        }
        return true
    }

    /// Ends all connections and threads. Returns false and does nothing while a request is
    /// suspended: libmicrohttpd would abort the process. Calling it again does nothing.
    @discardableResult
    public func stop() -> Bool {
        state.withLock { state in
            core.isStopping.store(true, ordering: .sequentiallyConsistent)
            if core.statistics.suspendedRequests > 0 {
                core.isStopping.store(false, ordering: .sequentiallyConsistent)
                return false
            }
            guard let clock = state.clock.take() else { return true }
            Server.quiesce(&state)
            for daemon in state.daemons { daemon.stop() }
            state.daemons = []
            core.deadlines.stop()
            clock.join()
            return true
        }
    }
}
