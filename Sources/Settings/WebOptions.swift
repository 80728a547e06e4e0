internal import ArgumentParser

/// Flags of the telemetry listener.
package struct WebOptions: ParsableArguments {
    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Address to serve telemetry on: host:port, :port or unix:/path. Repeatable. (default: :10180)",
            valueName: "address"))
    var listenAddresses: [String] = []

    @Flag(
        name: .customLong("web.systemd-socket"), inversion: .prefixedNo,
        help: "Use systemd socket activation listeners instead of port listeners.")
    var systemdSocket = false

    @Option(
        name: .customLong("web.telemetry-path"),
        help: ArgumentHelp("Path under which to expose metrics.", valueName: "path"))
    var telemetryPath = "/metrics"

    @Flag(
        name: .customLong("web.disable-exporter-metrics"), inversion: .prefixedNo,
        help: "Exclude metrics about the exporter itself (ml_exporter_*, process_*).")
    var disableExporterMetrics = false

    @Flag(
        name: .customLong("exposition.native-histograms"),
        help:
            "Keep native histograms of models as well, and serve protobuf to a Prometheus that requests it."
    )
    var nativeHistograms = false

    @Option(
        name: .customLong("web.max-requests"),
        help: ArgumentHelp(
            "Limit of scrapes waiting at the same time; 0 disables it.", valueName: "count"))
    var maxRequests = "40"

    @Option(
        name: .customLong("web.allowed-host"),
        help: ArgumentHelp(
            "Accepted name in the Host header besides addresses and localhost; others get 403 on all paths but the health checks. Repeatable. (default: any name for metrics, none for the landing page)",
            valueName: "name"))
    var allowedHosts: [String] = []

    @Option(
        name: .customLong("web.config.file"),
        help: ArgumentHelp("Not available yet: TLS and authentication.", valueName: "file"))
    var configFile: String?

    @Option(
        name: .customLong("runtime.gomaxprocs"),
        help: ArgumentHelp(
            "Accepted for compatibility with node_exporter; has no effect.", visibility: .hidden))
    var goMaxProcs: String?

    package init() {}

    /// The settings; addresses are parsed where sockets are opened.
    package func settings(_ errors: inout ValidationErrors) -> WebSettings {
        if let configFile, !configFile.isEmpty {
            errors.add(
                "--web.config.file: TLS and authentication are not available yet; use a reverse proxy and leave the flag out."
            )
        }
        let known = telemetryPath.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != 0x25 && $0 != 0x3F
        }
        if !telemetryPath.hasPrefix("/") || !known {
            errors.add(
                "--web.telemetry-path: \"\(telemetryPath)\" must start with / and must not contain blanks, % or ?."
            )
        } else if ["/-/healthy", "/-/ready"].contains(telemetryPath) {
            errors.add("--web.telemetry-path: \"\(telemetryPath)\" is the path of a health check.")
        }
        let requests = Int(maxRequests) ?? -1
        if requests < 0 {
            errors.add("--web.max-requests: \"\(maxRequests)\" must be a number of requests.")
        }
        return WebSettings(
            listenAddresses: listenAddresses.isEmpty ? [":10180"] : listenAddresses,
            systemdSocket: systemdSocket, telemetryPath: telemetryPath,
            exporterMetrics: !disableExporterMetrics, nativeHistograms: nativeHistograms,
            maxRequests: max(requests, 0), allowedHosts: allowedHosts)
    }
}

/// Validated settings of the telemetry listener.
package struct WebSettings: Sendable, Equatable {
    package let listenAddresses: [String]
    package let systemdSocket: Bool
    package let telemetryPath: String
    /// Whether the page has metrics about the daemon itself.
    package let exporterMetrics: Bool
    /// Whether histograms have native buckets and protobuf is offered.
    package let nativeHistograms: Bool
    /// Scrapes that may wait at the same time; 0 for no limit.
    package let maxRequests: Int
    /// Names that the Host header may have; empty if it may have any for metrics.
    package let allowedHosts: [String]
}
