internal import Groups
internal import Intake
internal import Journal
internal import Logging
internal import Model
internal import Series
internal import Settings

/// What has been pushed: Pushgateway's groups, and what is known of models.
struct PushState: Sendable {
    /// Their names for `collect[]` and `exclude[]`.
    static let names: Set<String> = ["groups", "models"]

    let groups: GroupStore
    let models: Models
    let events: EventIngestor
    let requests = PushRequests()
    /// How often producers may push.
    let rate: RateLimiter
    /// Nil when they are kept in memory only.
    let journal: Journal?

    /// Claims the storage, if there is one.
    init(
        _ settings: PushSettings, storage: JournalSettings, nativeHistograms: Bool, log: Logger
    ) throws(StorageError) {
        // With a journal nothing is forgotten before that is kept.
        let expiresItself = storage.path == nil
        groups = GroupStore(settings.groups, expiresItself: expiresItself)
        rate = RateLimiter(perSecond: settings.producerRate, burst: settings.producerBurst)
        models = Models(
            settings.series, settings: settings.models, nativeHistograms: nativeHistograms,
            expiresItself: expiresItself)
        events = EventIngestor(sink: models, producers: ProducerTable(expiresItself: expiresItself))
        guard let path = storage.path else {
            log.warning("pushes are kept in memory only: --storage.path=none")
            journal = nil
            return
        }
        var limits = JournalLimits()
        limits.snapshotInterval = storage.snapshotInterval
        let state = PersistedState(groups: groups, models: models, producers: events.producers) {
            PushState.note($0, log: log)
        }
        journal = try Journal(path, state: state, limits: limits) { note, sentence in
            let level: Logger.Level =
                switch note {
                case .information: .info
                case .warning: .warning
                case .error: .error
                }
            log.log(level: level, "storage: \(sentence)")
        }
    }

    /// Whether pages may show what has been pushed: not before all that was kept has been read.
    var isShown: Bool { journal?.isReady ?? true }

    /// Whether anybody has pushed since the start, or before it and it was kept.
    var isUsed: Bool { requests.areAny || groups.counts.groups > 0 || models.hasSeries }

    /// Takes over what may change while the daemon runs, and tells what may not.
    func change(from old: PushSettings, to new: PushSettings, log: Logger) {
        groups.setLimits(new.groups)
        rate.change(perSecond: new.producerRate, burst: new.producerBurst)
        if old.models != new.models {
            for reset in models.change(new.models) { PushState.note(reset, log: log) }
        }
        if old.series != new.series {
            log.warning("the limits of pushed series change with the next start only")
        }
    }

    private static func note(_ reset: Models.Reset, log: Logger) {
        log.info(
            "other bounds: the histogram begins anew",
            metadata: [
                "model": "\(reset.model)", "version": "\(reset.version)",
                "family": "\(reset.family)",
            ])
    }
}
