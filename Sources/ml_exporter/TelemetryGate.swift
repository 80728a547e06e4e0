internal import HTTP
internal import Intake
internal import Kernel
internal import Settings

/// Rejects requests of the telemetry listener for another host: a web page whose name was pointed at this
/// machine must not read its metrics.
struct TelemetryGate: Sendable {
    /// Paths that answer under any name: they say nothing but whether the daemon is well.
    static let healthPaths: [StaticString] = ["/-/healthy", "/-/ready"]

    private let hosts: HostCheck
    /// Whether metrics are for known names only, as the landing page always is.
    private let isMetricsLimited: Bool
    private let isRootMetrics: Bool
    private let foreign = Route.Constant(
        Response(
            status: 403,
            text:
                "the request is for another host: use an address or localhost, or allow the name by --web.allowed-host\n"
        ))

    /// Names that the listener is bound to are allowed.
    init(_ web: WebSettings, addresses: [ListenAddress]) {
        var names = web.allowedHosts
        for address in addresses {
            if case .tcp(let host, _) = address, !host.isEmpty { names.append(host) }
        }
        hosts = HostCheck(names: names)
        isMetricsLimited = !web.allowedHosts.isEmpty
        isRootMetrics = web.telemetryPath == "/"
    }

    /// The answer to a request that is not let in.
    func refusal(_ request: borrowing Request) -> Response? {
        // A browser cannot connect to a Unix socket.
        if request.isLocal { return nil }
        let path = request.path
        for known in TelemetryGate.healthPaths where path.equals(known) { return nil }
        if !isMetricsLimited, isRootMetrics || !path.equals("/") { return nil }
        return hosts.allows(request.host()) ? nil : Response(sharing: foreign.response)
    }
}
