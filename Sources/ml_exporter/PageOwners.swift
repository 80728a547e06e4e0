internal import Exposition
internal import Groups
internal import HTTP
internal import Host
internal import Kernel
internal import Logging
internal import Model
internal import Scrape
internal import Settings
internal import Watch

/// The family owners of a page, in page order: host, daemon, models, watch, text files, groups. Text files
/// are the host's rendered families and groups come last, so that their samples are merged in this
/// order, too.
struct PageOwners: Sendable {
    let configuration: Configuration
    let collectors: Collectors
    let statistics: DaemonStatistics
    let pushState: PushState
    let file: SettingsFile?
    let log: Logger

    /// Creates the owners of one scrape thread, which names in `running` the collector it is in.
    func list(running: RunningCollector) -> [any FamilyOwner] {
        let exposesDaemon = configuration.web.exporterMetrics
        var owners: [any FamilyOwner] = [
            HostFamilies(
                collectors, running: running, seriesLimit: configuration.host.seriesLimit,
                includesCollectorMetrics: exposesDaemon, log: log)
        ]
        if exposesDaemon {
            owners.append(daemonFamilies)
            owners.append(PushFamilies(pushState))
        }
        owners.append(ModelFamilies(pushState))
        owners.append(WatchFamilyOwner(pushState))
        owners.append(GroupFamilies(pushState))
        return owners
    }

    private var daemonFamilies: DaemonFamilies {
        DaemonFamilies(statistics, build: PageOwners.build) { [file] page in
            file?.write(to: &page)
        }
    }

    /// The types of the families of the daemon, of pushes and of models by the hash of the name. Pages
    /// have most of those about pushes and models only after the first push, which must not use their
    /// names with another type. Reads nothing that can hang.
    func familyKinds() -> [UInt64: Family.Kind] {
        var page = Page(format: .text, body: Buffer(capacity: 64 << 10))
        if configuration.web.exporterMetrics {
            let request = ScrapeRequest(format: .text, isCompressed: false, collectors: nil)
            _ = daemonFamilies.write(to: &page, scrape: PageContext(request))
            PushFamilies(pushState).writeAll(to: &page)
        }
        pushState.models.write(to: &page)
        return page.familyKinds.merging(Models.familyKinds) { $1 }
            .merging(WatchStore.familyKinds) { $1 }
    }

    private static var build: DaemonFamilies.Build {
        DaemonFamilies.Build(
            labels: [
                ("version", Version.number), ("revision", Version.revision),
                ("swift_version", Version.swift),
                ("libmicrohttpd_version", Server.libraryVersion),
            ],
            nodeExporterLabels: [
                ("version", Version.number), ("revision", Version.revision), ("branch", ""),
                ("goversion", ""), ("goos", "linux"), ("goarch", ""), ("tags", "ml_exporter"),
            ])
    }
}

/// The families about pushes and their storage.
final class PushFamilies: FamilyOwner {
    private let pushState: PushState
    private let groupMetrics = GroupMetrics()
    private var pushMetrics: PushMetrics
    private let journalMetrics = JournalMetrics()
    // A host that receives no pushes pays nothing for these families: most are written only after
    // the first push.
    private var isUsed = false

    init(_ pushState: PushState) {
        self.pushState = pushState
        pushMetrics = PushMetrics(pushState.events, requests: pushState.requests)
    }

    func write(to page: inout Page, scrape: PageContext) -> Bool {
        guard scrape.request.includesDaemon else { return true }
        if !isUsed { isUsed = pushState.isUsed }
        if isUsed {
            writeAll(to: &page)
        } else {
            pushMetrics.writePresence(to: &page)
            journalMetrics.write(pushState.journal, to: &page, isUsed: false)
        }
        return true
    }

    /// Writes the families as after a push.
    func writeAll(to page: inout Page) {
        groupMetrics.write(pushState.groups, to: &page)
        pushMetrics.write(to: &page)
        journalMetrics.write(pushState.journal, to: &page, isUsed: true)
    }
}

/// The families of models, and those of the registry of pushed series.
final class ModelFamilies: FamilyOwner {
    private let pushState: PushState
    private var isUsed = false

    init(_ pushState: PushState) {
        self.pushState = pushState
    }

    func write(to page: inout Page, scrape: PageContext) -> Bool {
        guard pushState.isShown, scrape.request.includes("models") else { return true }
        if !isUsed { isUsed = pushState.isUsed }
        if isUsed { pushState.models.write(to: &page) }
        return true
    }
}

/// The families of models that are compared with a profile.
final class WatchFamilyOwner: FamilyOwner {
    private let pushState: PushState

    init(_ pushState: PushState) {
        self.pushState = pushState
    }

    func write(to page: inout Page, scrape: PageContext) -> Bool {
        guard pushState.isShown else { return true }
        var parts: WatchParts = []
        if scrape.request.includes("watch") { parts.insert(.watch) }
        if scrape.request.includes("reference") { parts.insert(.reference) }
        if !parts.isEmpty { pushState.models.watch.write(parts, to: &page) }
        return true
    }
}

/// The families of pushed groups.
final class GroupFamilies: FamilyOwner {
    private let pushState: PushState

    init(_ pushState: PushState) {
        self.pushState = pushState
    }

    func renderedFamilies(for scrape: PageContext) -> FamilySource? {
        guard pushState.isShown, scrape.request.includes("groups") else { return nil }
        // A push whose series another group has is rejected.
        return FamilySource(pushState.groups.families, hasUniqueSeries: true)
    }
}
