internal import Exposition
internal import HTTP
internal import Kernel
internal import Synchronization

/// What the daemon tells about itself.
final class SelfMetrics: Sendable {
    /// False with `--web.disable-exporter-metrics`.
    let isWanted: Bool
    private let file: SettingsFile?
    private let servers = LockedValue<[Server]>([])
    let refusedScrapes = RefusedScrapes()

    init(isWanted: Bool, file: SettingsFile?) {
        self.isWanted = isWanted
        self.file = file
    }

    /// The servers whose requests are told, known once they listen.
    func watch(_ server: Server) {
        servers.withLock { $0.append(server) }
    }

    func forgetServers() {
        servers.withLock { $0.removeAll() }
    }

    func writer() -> Writer {
        Writer(self)
    }

    /// Writes the families; it belongs to the scrape thread.
    struct Writer: ~Copyable {
        private let metrics: SelfMetrics
        private var process = ProcessMetrics()
        private var listeners: [Listener] = []
        private var refusals: [(Series, @Sendable () -> UInt64)] = []
        private let build = UnlabelledMetric(
            Family(
                "ml_exporter_build_info", kind: .gauge,
                help:
                    "A metric with a constant '1' value labeled by what ml_exporter was built from."
            ),
            labels: LabelSet([
                ("version", Version.number), ("revision", Version.revision),
                ("swift_version", Version.swift),
                ("libmicrohttpd_version", Server.libraryVersion),
            ]))
        // Dashboards made for node_exporter count this series.
        private let peerBuild = UnlabelledMetric(
            Family(
                "node_exporter_build_info", kind: .gauge,
                help:
                    "A metric with a constant '1' value labeled by version, revision, branch and the build of the exporter that serves node_* metrics."
            ),
            labels: LabelSet([
                ("version", Version.number), ("revision", Version.revision), ("branch", ""),
                ("goversion", ""), ("goos", "linux"), ("goarch", ""), ("tags", "ml_exporter"),
            ]))
        private let requests = Family(
            "ml_exporter_http_requests_total", kind: .counter,
            help: "Requests answered, by listener and status code.")
        private let connections = Family(
            "ml_exporter_http_connections", kind: .gauge, help: "Open connections.")
        private let accepted = Family(
            "ml_exporter_http_connections_accepted_total", kind: .counter,
            help: "Connections accepted since the start.")
        private let refused = Family(
            "ml_exporter_http_refused_total", kind: .counter,
            help: "Clients turned away or cut off, by the limit they met.")
        private let duplicates = UnlabelledMetric(
            "ml_exporter_duplicate_series_total", kind: .counter,
            help: "Samples left out because their series was on the page already.")

        /// The rendered series of one listener.
        private struct Listener {
            let server: Server
            let codes: [(status: Int?, series: Series)]
            let connections: Series
            let accepted: Series
        }

        init(_ metrics: SelfMetrics) {
            self.metrics = metrics
        }

        mutating func write(to page: inout Page) {
            guard metrics.isWanted else { return }
            page.single(build, value: 1)
            page.single(peerBuild, value: 1)
            metrics.file?.write(to: &page)
            page.single(duplicates, value: Double(page.duplicates))
            listenToNewServers()
            page.begin(connections)
            for listener in listeners {
                page.sample(
                    listener.connections, value: Double(listener.server.statistics.openConnections))
            }
            page.begin(accepted)
            for listener in listeners {
                page.sample(
                    listener.accepted, value: Double(listener.server.statistics.acceptedConnections)
                )
            }
            page.begin(requests)
            for listener in listeners {
                for (status, series) in listener.codes {
                    let count = listener.server.statistics.answers(status: status)
                    if count > 0 || status == 200 || status == 503 {
                        page.sample(series, value: Double(count))
                    }
                }
            }
            page.begin(refused)
            for (series, count) in refusals { page.sample(series, value: Double(count())) }
            process.write(to: &page)
        }

        private mutating func listenToNewServers() {
            let servers = metrics.servers.withLock { $0 }
            if servers.count == listeners.count { return }
            listeners = servers.map { server in
                let statuses = Statistics.statuses.map(Optional.some) + [nil]
                return Listener(
                    server: server,
                    codes: statuses.map { status in
                        let code = status.map(String.init) ?? "other"
                        let labels = LabelSet([("listener", server.name), ("code", code)])
                        return (status, Series(requests, labels: labels))
                    },
                    connections: Series(connections, labels: LabelSet([("listener", server.name)])),
                    accepted: Series(accepted, labels: LabelSet([("listener", server.name)])))
            }
            refusals = RefusalReason.allCases.map { reason in
                (
                    Series(refused, labels: LabelSet([("reason", reason.name)])),
                    { servers.reduce(0) { $0 &+ $1.statistics.refusals(reason) } }
                )
            }
            let scrapes = metrics.refusedScrapes
            refusals.append(
                (
                    Series(refused, labels: LabelSet([("reason", "max_requests")])),
                    { scrapes.maxRequests.load(ordering: .relaxed) }
                ))
            refusals.append(
                (
                    Series(refused, labels: LabelSet([("reason", "held_pages")])),
                    { scrapes.heldPages.load(ordering: .relaxed) }
                ))
            refusals.append(
                (
                    Series(refused, labels: LabelSet([("reason", "abandoned")])),
                    { scrapes.abandoned.load(ordering: .relaxed) }
                ))
        }
    }
}
