internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// Whether a model version is loaded, and its facts. Guarded by the version's lock.
struct ModelLifecycle {
    private let names: [(name: String, value: String)]
    private let info: Info
    private let loaded: Gauge
    private let trained: Gauge
    private let reloads: Counter
    private var framework = ""
    private var gitSHA = ""
    private var wasLoaded = false
    /// An unloaded version shows nothing until it is loaded again, whatever facts come.
    private var isUnloaded = false

    /// Nil if a limit is reached; `refusal` is the limit.
    init?(
        _ names: [(name: String, value: String)], labels: Labels, in store: inout SeriesStore,
        refusal: inout DropReason?
    ) {
        refusal = store.reserve(4)
        if refusal != nil { return nil }
        let families = Families.all
        self.names = names
        info = store.info(families.info)
        loaded = store.gauge(families.loaded, labels: labels)
        trained = store.gauge(families.trained, labels: labels)
        reloads = store.counter(families.reloads, labels: labels)
    }

    func write(to record: inout ByteWriter) {
        record.write(info)
        record.write(loaded)
        record.write(trained)
        record.write(reloads)
        record.write(framework)
        record.write(gitSHA)
        // A flag of earlier releases with a second bit.
        record.write((wasLoaded ? 1 : 0) | (isUnloaded ? 2 : 0) as UInt64)
    }

    init(
        _ record: inout ByteReader, names: [(name: String, value: String)],
        in store: borrowing SeriesStore
    ) {
        self.names = names
        info = store.info(&record)
        loaded = store.gauge(&record)
        trained = store.gauge(&record)
        reloads = store.counter(&record)
        framework = record.text().string
        gitSHA = record.text().string
        let flags = record.number(below: 4)
        wasLoaded = flags & 1 != 0
        isUnloaded = flags & 2 != 0
    }

    /// Applies an event. `now` is in Unix seconds.
    mutating func apply(
        _ event: ModelEvent, batch: borrowing Batch, in store: inout SeriesStore, now: Double
    ) {
        if !event.framework.isNone { framework = batch.bytes(event.framework).string }
        if !event.gitSHA.isNone { gitSHA = batch.bytes(event.gitSHA).string }
        if !event.trainedAt.isNaN { store.set(trained, value: event.trainedAt) }
        switch event.change {
        case .facts: break
        case .loaded:
            isUnloaded = false
            store.show(reloads)
            if wasLoaded { store.add(reloads) }
            wasLoaded = true
            store.set(loaded, value: now)
        case .unloaded:
            isUnloaded = true
            store.hide(loaded)
            store.hide(info)
        }
        if isUnloaded { return }
        var labels = names
        if !framework.isEmpty { labels.append(("framework", framework)) }
        if !gitSHA.isEmpty { labels.append(("git_sha", gitSHA)) }
        store.describe(info, labels: LabelSet(labels))
    }
}

extension ModelEvent: AppliedEvent {
    static func events(in batch: borrowing Batch) -> [ModelEvent] { batch.modelEvents }

    func reserve(
        at place: Int, in models: Models, batch: borrowing Batch, reservation: inout Reservation
    ) -> Refusal? {
        models.reserve(scope, batch: batch, reservation: &reservation) { series, store in
            if series.lifecycle != nil { return nil }
            var refusal: DropReason?
            series.lifecycle = ModelLifecycle(
                series.names, labels: series.labels, in: &store, refusal: &refusal)
            return refusal
        }
    }

    func apply(
        at place: Int, to models: Models, batch: borrowing Batch,
        reservation: borrowing Reservation
    ) {
        let now = reservation.context.unixSeconds
        let target = reservation.targets[scope]
        guard let version = target.version else { return }
        version.change(target.variant) { series, store in
            series.lifecycle?.apply(self, batch: batch, in: &store, now: now)
        }
    }
}
