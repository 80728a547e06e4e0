internal import HTTP
internal import Intake
internal import Kernel
internal import Scrape
internal import Settings

/// The listener that takes pushes: its own server, so that pushers and scrapers do not wait for each
/// other.
enum PushListener {
    static let standardAddress = ListenAddress.tcp(host: "127.0.0.1", port: 10181)

    /// The name (`FileDescriptorName=`) of sockets that systemd opens for pushes.
    static let inheritedName = "push"

    /// Who may push at all.
    static func validator(_ configuration: Configuration, pushState: PushState) -> PushGate {
        var names = configuration.pushFlags.allowedHosts
        for address in configuration.pushAddresses ?? [] {
            if case .tcp(let host, _) = address, !host.isEmpty { names.append(host) }
        }
        return PushGate(
            hosts: HostCheck(names: names), rate: pushState.rate, requests: pushState.requests)
    }

    /// What pushers may take. `bodies` counts their bodies and what is made of them.
    static func limits(_ bodies: ByteBudget) -> Limits {
        var limits = Limits()
        limits.bodies = bodies
        limits.bodyBytes = 20 << 20
        limits.encodedBodyBytes = 8 << 20
        limits.connections = ConnectionPlan.pushConnections
        // Local processes share one address; on the Unix socket each is known.
        limits.limitsLoopbackClients = false
        limits.clientScope = 1
        return limits
    }

    static func routes(
        _ pushState: PushState, scrapes: ScrapeThread, file: SettingsFile?, isReloadEnabled: Bool
    ) -> [Route] {
        var routes = GroupRoutes.routes(pushState)
        routes += EventRoutes(pushState).routes
        routes.append(
            Route(
                "/metrics",
                suspend: { request, pending in
                    scrapes.add(
                        ScrapeRequest(request, collectors: ["groups"]),
                        deadline: Telemetry.deadline(request), pending: pending)
                }))
        routes.append(Route("/-/healthy", constant: Response(status: 200, text: "OK")))
        routes.append(
            Route("/-/ready") { _ in
                pushState.isShown
                    ? Response(status: 200, text: "OK")
                    : Response(status: 503, text: "the stored state is being read")
            })
        if isReloadEnabled, let file {
            routes.append(
                Route(
                    "/-/reload", methods: [.post, .put],
                    suspend: { _, pending in Reload(file, pending: pending).start() }))
        }
        return routes
    }
}

/// A client that waits until the settings file has been read, on a thread that may wait for disks.
private final class Reload: @unchecked Sendable {
    // Unchecked: after `start` only the worker thread uses the properties.
    private let file: SettingsFile
    private var pending: PendingResponse?

    init(_ file: SettingsFile, pending: consuming PendingResponse) {
        self.file = file
        self.pending = consume pending
    }

    func start() {
        do throws(KernelError) {
            let worker = try Worker("reload") { self.run() }
            worker.detach()
        } catch {
            answer(500, sentences: ["no thread to reload on: \(error)"])
        }
    }

    private func run() {
        let errors = file.reload()
        answer(errors.isEmpty ? 200 : 500, sentences: errors)
    }

    private func answer(_ status: Int, sentences: [String]) {
        let body = sentences.map { $0 + "\n" }.joined()
        pending.take()?.answer(Response(status: status, text: body))
    }
}
