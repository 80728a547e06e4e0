internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Logging
internal import Model
internal import PushPipeline
internal import Series
internal import Settings
internal import Watch

/// Everything that concerns pushes: the stores, the pipeline that changes them, and the limits of
/// producers.
struct PushState: Sendable {
    /// The names of the stores for `collect[]` and `exclude[]`.
    static let names: Set<String> = ["groups", "models", "watch", "reference"]

    let groups: GroupStore
    let models: Models
    let events: EventIngestor
    let pipeline: PushPipeline
    let requests = PushRequests()
    let log: Logger
    /// How often producers may push.
    let rate: RateLimiter

    /// The journal on the disk; nil with `--storage.path=none`.
    var journal: Journal? { pipeline.storage }

    /// Claims the storage folder, if there is one.
    init(
        _ settings: PushSettings, storage: JournalSettings, nativeHistograms: Bool,
        budgets: MemoryBudgets = .ofMachine, log: Logger
    ) throws(StorageError) {
        // The pipeline removes what has expired, once the removal is durable.
        self.log = log
        groups = GroupStore(settings.groups)
        rate = RateLimiter(perSecond: settings.producerRate, burst: settings.producerBurst)
        models = Models(
            settings.series, settings: settings.models, watch: settings.watch,
            watchLimits: settings.watchLimits, nativeHistograms: nativeHistograms,
            expiresItself: false)
        events = EventIngestor(
            producers: ProducerTable(expiresItself: false),
            bodies: ByteBudget(limit: budgets.bodies),
            decoding: ByteBudget(limit: budgets.decoding))
        let stored = storage.path.map { path in
            var stored = PushPipeline.Storage(path: path)
            stored.limits.snapshotInterval = storage.snapshotInterval
            return stored
        }
        if stored == nil {
            log.warning("pushes are kept in memory only: --storage.path=none")
        }
        pipeline = try PushPipeline(
            groups: groups, models: models, events: events, storage: stored,
            noteReset: { PushState.logReset($0, log: log) },
            report: { note, message in
                let level: Logger.Level =
                    switch note {
                    case .information: .info
                    case .warning: .warning
                    case .error: .error
                    }
                log.log(level: level, "storage: \(message)")
            })
    }

    /// Brings the profiles of the settings file into force.
    func setProfiles(_ settings: PushSettings) {
        pipeline.setProfiles(ofFiles: settings.profiles)
    }

    /// Counts the memory of bodies and of what is made of them.
    var bodies: ByteBudget { events.bodies }

    /// Whether pages may show what has been pushed: not before the stored state has been read.
    var isShown: Bool { pipeline.journal.isReady }

    /// Whether a push was received since the start, or restored from storage.
    var isUsed: Bool {
        requests.areAny || groups.counts.groups > 0 || models.hasSeries
    }

    /// Applies the settings that can change at run time, and logs those that cannot.
    func change(from old: PushSettings, to new: PushSettings, log: Logger) {
        groups.setLimits(new.groups)
        rate.change(perSecond: new.producerRate, burst: new.producerBurst)
        if old.models != new.models {
            models.change(new.models)
        }
        if old.watch != new.watch { models.watch.change(new.watch) }
        setProfiles(new)
        if old.series != new.series || old.watchLimits != new.watchLimits {
            log.warning(
                "changed limits of series, profiles and windows take effect at the next start")
        }
    }

    private static func logReset(_ reset: Models.Reset, log: Logger) {
        log.info(
            "histogram reset to 0: its bucket bounds changed",
            metadata: [
                "model": "\(reset.model)", "version": "\(reset.version)",
                "family": "\(reset.family)",
            ])
    }
}
