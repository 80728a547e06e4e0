internal import Glibc
internal import Groups
internal import HTTP
internal import Host
internal import Journal
internal import Kernel
internal import Logging
internal import PushPipeline
internal import Scrape
internal import Settings

/// The running program: who starts whom, and in which order everything ends.
struct Daemon: ~Copyable {
    /// How long clients that were accepted just before a stop signal may take to send a request.
    static let firstRequestTimeout = Duration.milliseconds(250)
    /// How long requests that have begun may take to end after a stop signal.
    static let stopTimeout = Duration.seconds(10)
    /// How long the last commit and the last snapshot may take at least.
    static let lastCommitTimeout = Duration.seconds(3)
    /// How long pushes wait at the start for the names of the machine's families. A page takes some
    /// milliseconds; a collector that hangs is skipped after half of this.
    static let firstPageTimeout = Duration.seconds(2)

    /// The longest time a page may take; while one takes longer, the watchdog is not notified.
    static let stuckScrape = Duration.seconds(60)
    /// The same for a commit of the journal, whose disk may hang.
    static let stuckCommit = Duration.seconds(60)

    private let log: Logger
    private let scrapes: ScrapeThread
    private let pushState: PushState
    private let statistics: DaemonStatistics
    private let servers: [Server]
    private let file: SettingsFile?

    /// Listens and serves from now on.
    init(
        _ configuration: Configuration, pushState: PushState, log: Logger
    ) throws(KernelError) {
        let inherited = try Listener.inherited()
        let listeners =
            configuration.web.systemdSocket
            ? inherited.filter { $0.name != PushListener.inheritedName }.map(\.listener)
            : try Daemon.bind(configuration.addresses)
        if listeners.isEmpty {
            throw KernelError("no sockets from systemd", subject: "--web.systemd-socket")
        }
        let pushListeners = try Daemon.bindPush(
            configuration,
            inherited: inherited.filter { $0.name == PushListener.inheritedName }.map(\.listener),
            log: log)
        let file = configuration.pushFlags.configFile.map {
            SettingsFile(
                $0, flags: configuration.pushFlags, settings: configuration.push,
                pushState: pushState, log: log)
        }
        let held = HeldResponses(limitBytes: MemoryBudgets.ofMachine.responses)
        let statistics = DaemonStatistics(held: held, log: LogOutput.standardError)
        let plan = ConnectionPlan(
            descriptors: DescriptorLimit.raise(), telemetryServers: listeners.count,
            hasPushServer: !pushListeners.isEmpty)
        let gate = TelemetryGate(configuration.web, addresses: configuration.addresses)
        let collectors = Collectors(configuration.host, roots: configuration.roots)
        let owners = PageOwners(
            configuration: configuration, collectors: collectors, statistics: statistics,
            pushState: pushState, file: file, log: log)
        let scrapes = try ScrapeThread(
            collectors, maxRequests: configuration.web.maxRequests,
            refused: statistics.refusedScrapes, log: log
        ) { running, pages in
            PageRenderer(
                owners.list(running: running), pages: pages, reserve: pushState.groups.reserve)
        }
        let routes = Telemetry.routes(
            configuration.web, enabled: configuration.host.enabled.union(PushState.names),
            scrapes: scrapes, pushState: pushState,
            pushAddress: pushListeners.map(\.description).joined(separator: ", "))
        var servers: [Server] = []
        for listener in listeners {
            let server = try Server(
                name: listener.description, listeners: [listener], routes: routes,
                limits: plan.limits(Limits()), held: held, admit: gate.refusal,
                log: { log.debug("\($0)", metadata: ["from": "libmicrohttpd"]) })
            servers.append(server)
            statistics.add(server)
        }
        // Before the first push: a group must not use a name of the page with another type.
        pushState.groups.reserve(owners.familyKinds())
        pushState.setProfiles(configuration.push)
        try pushState.pipeline.start()
        try scrapes.start()
        if !pushListeners.isEmpty {
            try scrapes.makeFirstPage(within: Daemon.firstPageTimeout)
            let name = pushListeners.map(\.description).joined(separator: ",")
            let server = try Server(
                name: name, listeners: pushListeners,
                routes: PushListener.routes(
                    pushState, scrapes: scrapes, file: file,
                    isReloadEnabled: configuration.pushFlags.isReloadEnabled),
                limits: plan.limits(PushListener.limits(pushState.bodies)), held: held,
                errorFormats: [EventRoutes.errorFormat],
                admit: PushListener.validator(configuration, pushState: pushState).refusal,
                log: { log.debug("\($0)", metadata: ["from": "libmicrohttpd"]) })
            servers.append(server)
            statistics.add(server)
            log.info("Listening for pushes on", metadata: ["push_address": "\(name)"])
        }
        self.log = log
        self.file = file
        self.scrapes = scrapes
        self.pushState = pushState
        self.statistics = statistics
        self.servers = servers
        for listener in listeners {
            log.info("Listening on", metadata: ["address": "\(listener)"])
        }
    }

    /// The sockets of the push listener. Sockets that systemd passes replace the default ones. If
    /// neither flag nor systemd names an address and the default one is in use, that is logged, and
    /// the daemon serves host metrics without pushes.
    private static func bindPush(
        _ configuration: Configuration, inherited: [Listener], log: Logger
    ) throws(KernelError) -> [Listener] {
        var listeners = inherited + (try bind(configuration.pushAddresses ?? []))
        if configuration.pushAddresses == nil, inherited.isEmpty {
            do throws(KernelError) {
                listeners.append(try Listener.bind(PushListener.standardAddress))
            } catch {
                log.error("push listener disabled on TCP", metadata: ["err": "\(error)"])
            }
        }
        guard let socket = configuration.pushSocket, socket.isWanted || inherited.isEmpty else {
            return listeners
        }
        do throws(KernelError) {
            listeners.append(try socket.bind())
        } catch {
            if socket.isWanted { throw error }
            log.error("push listener disabled on the Unix socket", metadata: ["err": "\(error)"])
        }
        return listeners
    }

    /// Reads the settings file again; waits for the disk.
    func reload() {
        guard let file else {
            log.info("SIGHUP ignored: --config.file is not set")
            return
        }
        _ = file.reload()
    }

    private static func bind(_ addresses: [ListenAddress]) throws(KernelError) -> [Listener] {
        var listeners: [Listener] = []
        for address in addresses { listeners.append(try Listener.bind(address)) }
        return listeners
    }

    /// Whether the threads that make pages and commit pushes still make progress.
    var isAlive: Bool {
        scrapes.busyNanoseconds < Daemon.stuckScrape.nanoseconds
            && pushState.journal?.writerBusyNanoseconds ?? 0 < Daemon.stuckCommit.nanoseconds
    }

    /// Stops the daemon: rejects new requests, answers those that have begun, then stops all threads.
    /// Returns the exit code.
    consuming func stop() -> Int32 {
        for server in servers { server.quiesce() }
        let patience = Clock.monotonicNanoseconds &+ Daemon.firstRequestTimeout.nanoseconds
        for server in servers { server.waitForFirstRequests(until: patience) }
        for server in servers { server.refuseNewRequests() }
        let deadline = Clock.monotonicNanoseconds &+ Daemon.stopTimeout.nanoseconds
        var isIdle = true
        for server in servers where !server.waitUntilIdle(until: deadline) { isIdle = false }
        if !isIdle {
            log.warning("closing connections: clients did not read their responses in time")
        }
        let lastCommit = Clock.monotonicNanoseconds &+ Daemon.lastCommitTimeout.nanoseconds
        let isKept = pushState.pipeline.stop(by: max(deadline, lastCommit))
        for server in servers where !server.stop() {
            // A request still waits for a page or a disk that hangs: libmicrohttpd would abort.
            log.error("a scrape or the storage hangs; exiting without waiting for it")
            _exit(1)
        }
        if !isKept {
            log.error("the storage hangs; exiting without waiting for it")
            _exit(1)
        }
        scrapes.stop()
        statistics.removeServers()
        return 0
    }
}
