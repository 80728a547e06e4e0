internal import CMicroHTTPD
internal import Glibc
package import Kernel
internal import Synchronization

/// An HTTP/1.1 server: a thread that accepts connections on all listening sockets, a few threads of
/// libmicrohttpd that serve them, and a thread that keeps their deadlines. Several servers may live
/// in one process.
///
/// To stop: `quiesce`, `waitForFirstRequests`, `refuseNewRequests`, answer what is suspended,
/// `waitUntilIdle`, `stop`.
@safe
package final class Server: Sendable {
    private struct State: ~Copyable {
        var daemon: MicroHTTPDaemon?
        var acceptor: Worker?
        var clock: Worker?
    }

    private let core: ServerCore
    private let listeners: [Listener]
    private let state: LockedValue<State>

    /// Starts serving. `name` appears in log lines and metrics; `log` receives libmicrohttpd's
    /// messages, one line each, from any thread.
    ///
    /// `held` bounds what clients of this server, and of others that share it, have not read yet.
    /// `admit` sees every request before its body is read and may reject it; it runs on a thread that
    /// many connections share. `errorFormats` set the format of the server's own errors by path.
    /// Throws `KernelError` when a thread or descriptor cannot be created.
    package init(
        name: String, listeners: [Listener], routes: [Route], limits: Limits = Limits(),
        held: HeldResponses = HeldResponses(limitBytes: 64 << 20),
        errorFormats: [ErrorFormat] = [],
        admit: (@Sendable (borrowing Request) -> Response?)? = nil,
        log: @escaping @Sendable (String) -> Void
    ) throws(KernelError) {
        limits.check()
        let core = try ServerCore(
            name: name, routes: routes, limits: limits, held: held, errorFormats: errorFormats,
            admit: admit,
            log: log)
        let deadlines = core.deadlines
        let clock = try Worker("http-clock") { deadlines.run() }
        var started: MicroHTTPDaemon?
        do throws(KernelError) {
            let daemon = try MicroHTTPDaemon(core: core)
            started = daemon
            let acceptor = Acceptor(listeners: listeners, daemon: daemon, core: core)
            let thread = try Worker("http-accept") { acceptor.run() }
            state = LockedValue(State(daemon: daemon, acceptor: thread, clock: clock))
        } catch {
            started?.stop()
            deadlines.stop()
            clock.join()
            throw error
        }
        self.core = core
        self.listeners = listeners
    }

    deinit {
        // While a request is suspended this does nothing: the threads keep the core alive.
        stop()
    }

    /// The version of the loaded libmicrohttpd, such as `0.9.75`.
    package static var libraryVersion: String {
        unsafe MHD_get_version().map { unsafe String(cString: $0) } ?? ""
    }

    package var name: String { core.name }

    package var statistics: Statistics { core.statistics }

    /// Answers every request whose header completes later with 503 and closes its connection.
    /// Requests that have begun continue.
    package func refuseNewRequests() {
        core.isDraining.store(true, ordering: .sequentiallyConsistent)
    }

    /// Stops accepting connections; new ones wait in the backlog of the listening sockets, which
    /// stay open. Calling it again does nothing.
    package func quiesce() {
        state.withLock { quiesce(&$0) }
    }

    private func quiesce(_ state: inout State) {
        guard let acceptor = state.acceptor.take() else { return }
        core.slots.close()
        acceptor.join()
    }

    /// Waits until every accepted connection has sent its first request, at most until the monotonic
    /// time `deadlineNanoseconds`. A client that is accepted and closed without an answer would take
    /// the server for broken.
    package func waitForFirstRequests(until deadlineNanoseconds: UInt64) {
        while core.slots.taken > core.connections.countPastFirstHead,
            Clock.monotonicNanoseconds < deadlineNanoseconds
        {
            core.idleWakeup.wait(atMost: .milliseconds(1))
        }
    }

    /// Waits until no request is active, at most until the monotonic time `deadlineNanoseconds`.
    /// Returns whether none is active. Only a server that refuses new requests stays idle.
    package func waitUntilIdle(until deadlineNanoseconds: UInt64) -> Bool {
        // The thread that resumed a request may still be in `PendingResponse.deinit` when it has ended.
        while core.statistics.activeRequests > 0 || core.statistics.suspendedRequests > 0 {
            let now = Clock.monotonicNanoseconds
            if now >= deadlineNanoseconds { return false }
            // The wakeup is signalled by a draining server only; otherwise the counters are polled.
            let step: UInt64 = core.statistics.activeRequests > 0 ? 50_000_000 : 1_000_000
            let left = min(deadlineNanoseconds - now, step)
            core.idleWakeup.wait(atMost: .nanoseconds(Int64(left)))
        }
        return true
    }

    /// Ends all connections and threads. Returns false and does nothing while a request is
    /// suspended: libmicrohttpd would abort the process. Calling it again does nothing.
    @discardableResult
    package func stop() -> Bool {
        state.withLock { state in
            core.isStopping.store(true, ordering: .sequentiallyConsistent)
            if core.statistics.suspendedRequests > 0 {
                core.isStopping.store(false, ordering: .sequentiallyConsistent)
                return false
            }
            guard let clock = state.clock.take() else { return true }
            quiesce(&state)
            state.daemon?.stop()
            state.daemon = nil
            core.deadlines.stop()
            clock.join()
            return true
        }
    }
}
