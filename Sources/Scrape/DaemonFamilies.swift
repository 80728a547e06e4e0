package import Exposition
package import HTTP
internal import Kernel
internal import Synchronization

/// What the daemon's own metrics are read from. Shared by the scrape threads.
package final class DaemonStatistics: Sendable {
    package let refusedScrapes = RefusedScrapes()
    package let held: HeldResponses
    package let log: any LogCounter
    // Guards the list: the thread that starts the daemon fills it while scrape threads read it.
    private let list = LockedValue<[Server]>([])

    /// `held` is shared by the servers; `log` counts lines that were not written.
    package init(held: HeldResponses, log: any LogCounter) {
        self.held = held
        self.log = log
    }

    /// Adds a server whose requests are counted; called once it listens.
    package func add(_ server: Server) {
        list.withLock { $0.append(server) }
    }

    /// Releases the servers, so that they can be destroyed.
    package func removeServers() {
        list.withLock { $0.removeAll() }
    }

    var servers: [Server] { list.withLock { $0 } }
}

/// Counts the lines that a log did not write.
package protocol LogCounter: Sendable {
    var droppedLines: UInt64 { get }
}

/// The daemon's own metrics: its build, its HTTP listeners, its process.
package final class DaemonFamilies: FamilyOwner {
    /// The labels of `ml_exporter_build_info` and `node_exporter_build_info`.
    package struct Build: Sendable {
        package let labels: [(name: String, value: String)]
        /// Dashboards made for node_exporter select hosts by its build.
        package let nodeExporterLabels: [(name: String, value: String)]

        package init(
            labels: [(name: String, value: String)],
            nodeExporterLabels: [(name: String, value: String)]
        ) {
            self.labels = labels
            self.nodeExporterLabels = nodeExporterLabels
        }
    }

    private let statistics: DaemonStatistics
    private let writeSettings: (inout Page) -> Void
    private var process = ProcessMetrics()
    private var listeners: [Listener] = []
    private var refusals: [(series: Series, count: () -> UInt64)] = []
    private let build: UnlabelledMetric
    private let nodeExporterBuild: UnlabelledMetric
    private let requests = Family(
        "ml_exporter_http_requests_total", kind: .counter,
        help: "HTTP requests answered, by listener and status code.")
    private let connections = Family(
        "ml_exporter_http_connections", kind: .gauge, help: "Open HTTP connections, by listener.")
    private let accepted = Family(
        "ml_exporter_http_connections_accepted_total", kind: .counter,
        help: "HTTP connections accepted, by listener.")
    private let refused = Family(
        "ml_exporter_http_refused_total", kind: .counter,
        help: "HTTP requests and connections rejected or closed, by the limit they exceeded.")
    private let held = UnlabelledMetric(
        "ml_exporter_http_held_response_bytes", kind: .gauge,
        help: "Bytes of large responses that clients have not read yet.")
    private let heldLimit = UnlabelledMetric(
        "ml_exporter_http_held_response_bytes_max", kind: .gauge,
        help: "Limit of ml_exporter_http_held_response_bytes.")
    private let droppedLines = UnlabelledMetric(
        "ml_exporter_log_dropped_lines_total", kind: .counter,
        help: "Log lines that were dropped because stderr did not take them.")
    private let duplicates = UnlabelledMetric(
        "ml_exporter_duplicate_series_total", kind: .counter,
        help:
            "Samples dropped because the page already had their series; those of the current page count on the next one."
    )

    private let omitted = Family(
        "ml_exporter_omitted_samples_total", kind: .counter,
        help:
            "Samples of groups and text files that pages left out, by reason; those of the current page count on the next one."
    )
    private let omittedByReason: [(series: Series, count: (borrowing Page) -> UInt64)]

    /// The rendered series of one listener.
    private struct Listener {
        let server: Server
        let codes: [(status: Int?, series: Series)]
        let connections: Series
        let accepted: Series
    }

    /// `writeSettings` writes the families about the settings file.
    package init(
        _ statistics: DaemonStatistics, build: Build,
        writeSettings: @escaping (inout Page) -> Void = { _ in }
    ) {
        self.statistics = statistics
        self.writeSettings = writeSettings
        let omitted = omitted
        func series(_ reason: String) -> Series {
            Series(omitted, labels: LabelSet([("reason", reason)]))
        }
        omittedByReason = [
            (series("type_conflict"), { $0.typeConflicts }),
            (series("name_clash"), { $0.nameClashes }),
            (series("forbidden_value"), { $0.forbiddenValues }),
        ]
        self.build = UnlabelledMetric(
            Family(
                "ml_exporter_build_info", kind: .gauge,
                help:
                    "A metric with a constant '1' value labeled by version, revision, Swift version and libmicrohttpd version."
            ), labels: LabelSet(build.labels))
        nodeExporterBuild = UnlabelledMetric(
            Family(
                "node_exporter_build_info", kind: .gauge,
                help:
                    "A metric with a constant '1' value labeled by version, revision, branch and the build of the exporter that serves node_* metrics."
            ), labels: LabelSet(build.nodeExporterLabels))
    }

    package func write(to page: inout Page, scrape: PageContext) -> Bool {
        guard scrape.request.includesDaemon else { return true }
        page.single(build, value: 1)
        page.single(nodeExporterBuild, value: 1)
        writeSettings(&page)
        page.single(duplicates, value: Double(page.duplicates))
        page.begin(omitted)
        for (series, count) in omittedByReason {
            let omitted = count(page)
            page.sample(series, value: Double(omitted))
        }
        updateListeners()
        page.begin(connections)
        for listener in listeners {
            page.sample(
                listener.connections, value: Double(listener.server.statistics.openConnections))
        }
        page.begin(accepted)
        for listener in listeners {
            page.sample(
                listener.accepted, value: Double(listener.server.statistics.acceptedConnections))
        }
        page.begin(requests)
        for listener in listeners {
            for (status, series) in listener.codes {
                let count = listener.server.statistics.answers(status: status)
                // These two always exist, so that rates of errors have a denominator and a start.
                if count > 0 || status == 200 || status == 503 {
                    page.sample(series, value: Double(count))
                }
            }
        }
        page.begin(refused)
        for refusal in refusals { page.sample(refusal.series, value: Double(refusal.count())) }
        page.single(held, value: Double(statistics.held.bytes))
        page.single(heldLimit, value: Double(statistics.held.limitBytes))
        page.single(droppedLines, value: Double(statistics.log.droppedLines))
        process.write(to: &page)
        return true
    }

    /// Renders the series of servers that have been added since the last page.
    private func updateListeners() {
        let servers = statistics.servers
        if servers.count == listeners.count { return }
        listeners = servers.map { server in
            let statuses = Statistics.statuses.map(Optional.some) + [nil]
            let listener = (name: "listener", value: server.name)
            return Listener(
                server: server,
                codes: statuses.map { status in
                    let code = status.map(String.init) ?? "other"
                    return (status, Series(requests, labels: LabelSet([listener, ("code", code)])))
                },
                connections: Series(connections, labels: LabelSet([listener])),
                accepted: Series(accepted, labels: LabelSet([listener])))
        }
        func series(_ reason: String) -> Series {
            Series(refused, labels: LabelSet([("reason", reason)]))
        }
        refusals = RefusalReason.allCases.map { reason in
            (
                series(reason.name),
                { servers.reduce(0) { $0 &+ $1.statistics.refusals(reason) } }
            )
        }
        let scrapes = statistics.refusedScrapes
        refusals += [
            (series("max_requests"), { scrapes.maxRequests.load(ordering: .relaxed) }),
            (series("client_max_requests"), { scrapes.clientMaxRequests.load(ordering: .relaxed) }),
            (series("abandoned"), { scrapes.abandoned.load(ordering: .relaxed) }),
        ]
    }
}
