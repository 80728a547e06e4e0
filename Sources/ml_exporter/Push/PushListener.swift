internal import HTTP
internal import Intake
internal import Kernel
internal import Settings

/// The listener that takes pushes: its own server, so that pushers and scrapers do not wait for each
/// other.
enum PushListener {
    static let standardAddress = ListenAddress.tcp(host: "127.0.0.1", port: 10181)

    /// The name (`FileDescriptorName=`) of sockets that systemd opens for pushes.
    static let inheritedName = "push"

    /// Who may push at all.
    static func gate(_ configuration: Configuration, _ pushed: PushState) -> PushGate {
        var names = configuration.pushFlags.allowedHosts
        for address in configuration.pushAddresses ?? [] {
            if case .tcp(let host, _) = address, !host.isEmpty { names.append(host) }
        }
        return PushGate(hosts: HostCheck(names: names), rate: pushed.rate, pushed.requests)
    }

    /// What pushers may take.
    static var limits: Limits {
        var limits = Limits()
        limits.bodyBytes = 20 << 20
        limits.encodedBodyBytes = 8 << 20
        limits.flightBytes = 64 << 20
        limits.connections = 1024
        return limits
    }

    static func routes(
        _ pushed: PushState, _ scrapes: ScrapeThread, _ file: SettingsFile?, isReloadEnabled: Bool
    ) -> [Route] {
        var routes = GroupRoutes.routes(pushed)
        routes += EventRoutes(pushed).routes
        routes.append(
            Route(
                "/metrics",
                suspend: { request, suspended in
                    scrapes.ask(
                        Telemetry.wish(request, ["groups"]),
                        until: Telemetry.deadline(
                            request.header("x-prometheus-scrape-timeout-seconds")),
                        suspended)
                }))
        routes.append(Route("/-/healthy", constant: Response(status: 200, text: "OK")))
        routes.append(
            Route("/-/ready") { _ in
                pushed.isShown
                    ? Response(status: 200, text: "OK")
                    : Response(status: 503, text: "what was kept is being read")
            })
        if isReloadEnabled, let file {
            routes.append(
                Route(
                    "/-/reload", methods: [.post, .put],
                    suspend: { _, suspended in Reload(file, suspended).start() }))
        }
        return routes
    }
}

/// A client that waits until the settings file has been read, on a thread that may wait for disks.
private final class Reload: @unchecked Sendable {
    // Whoever starts the thread gives it to that thread.
    private let file: SettingsFile
    private var suspended: PendingResponse?

    init(_ file: SettingsFile, _ suspended: consuming PendingResponse) {
        self.file = file
        self.suspended = consume suspended
    }

    func start() {
        do throws(KernelError) {
            let worker = try Worker("reload") { self.run() }
            worker.detach()
        } catch {
            answer(500, ["no thread to reload on: \(error)"])
        }
    }

    private func run() {
        let mistakes = file.reload()
        answer(mistakes.isEmpty ? 200 : 500, mistakes)
    }

    private func answer(_ status: Int, _ sentences: [String]) {
        let body = sentences.map { $0 + "\n" }.joined()
        suspended.take()?.answer(Response(status: status, text: body))
    }
}
