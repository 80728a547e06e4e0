internal import ArgumentParser

/// How the telemetry listener serves.
package struct WebOptions: ParsableArguments {
    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Address to serve telemetry on: host:port, :port or unix:/path. Repeatable. (default: :10180)",
            valueName: "address"))
    var listenAddresses: [String] = []

    @Flag(
        name: .customLong("web.systemd-socket"), inversion: .prefixedNo,
        help: "Serve on the sockets that systemd passes instead of --web.listen-address.")
    var systemdSocket = false

    @Option(
        name: .customLong("web.telemetry-path"),
        help: ArgumentHelp("Path under which to expose metrics.", valueName: "path"))
    var telemetryPath = "/metrics"

    @Flag(
        name: .customLong("web.disable-exporter-metrics"), inversion: .prefixedNo,
        help: "Leave out the metrics about the exporter itself (ml_exporter_*, process_*).")
    var disableExporterMetrics = false

    @Flag(
        name: .customLong("exposition.native-histograms"),
        help:
            "Keep native histograms of models too, and serve protobuf to a Prometheus that asks for it."
    )
    var nativeHistograms = false

    @Option(
        name: .customLong("web.max-requests"),
        help: ArgumentHelp(
            "Scrapes that may wait at the same time; 0 means no limit.", valueName: "count"))
    var maxRequests = "40"

    @Option(
        name: .customLong("web.config.file"),
        help: ArgumentHelp("TLS and users; not available yet.", valueName: "file"))
    var configFile: String?

    @Option(
        name: .customLong("runtime.gomaxprocs"),
        help: ArgumentHelp(
            "Accepted for node_exporter's users; has no effect.", visibility: .hidden))
    var goMaxProcs: String?

    package init() {}

    /// The settings; addresses are kept as text for whoever listens.
    package func settings(_ errors: inout ValidationErrors) -> WebSettings {
        if let configFile, !configFile.isEmpty {
            errors.add(
                "--web.config.file: TLS and users are not available yet; put a proxy in front or leave the flag out."
            )
        }
        let known = telemetryPath.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != 0x25 && $0 != 0x3F
        }
        if !telemetryPath.hasPrefix("/") || !known {
            errors.add(
                "--web.telemetry-path: \"\(telemetryPath)\" must start with / and hold neither blanks, % nor ?."
            )
        } else if ["/-/healthy", "/-/ready"].contains(telemetryPath) {
            errors.add("--web.telemetry-path: \"\(telemetryPath)\" is taken by a health check.")
        }
        let requests = Int(maxRequests) ?? -1
        if requests < 0 {
            errors.add("--web.max-requests: \"\(maxRequests)\" is no count of requests.")
        }
        return WebSettings(
            listenAddresses: listenAddresses.isEmpty ? [":10180"] : listenAddresses,
            systemdSocket: systemdSocket, telemetryPath: telemetryPath,
            exporterMetrics: !disableExporterMetrics, nativeHistograms: nativeHistograms,
            maxRequests: max(requests, 0))
    }
}

/// Checked settings of the telemetry listener.
package struct WebSettings: Sendable, Equatable {
    package let listenAddresses: [String]
    package let systemdSocket: Bool
    package let telemetryPath: String
    /// Whether the page tells about the daemon itself.
    package let exporterMetrics: Bool
    /// Whether histograms have native buckets and Prometheus may ask for protobuf.
    package let nativeHistograms: Bool
    /// Scrapes that may wait at the same time; 0 for any number.
    package let maxRequests: Int
}
