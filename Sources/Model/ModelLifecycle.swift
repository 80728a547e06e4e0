internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// What is known of a loaded model beside its traffic. The version's lock guards it.
struct ModelLifecycle {
    private let names: [(name: String, value: String)]
    private let info: Info
    private let loaded: Gauge
    private let trained: Gauge
    private let reloads: Counter
    private var framework = ""
    private var gitSHA = ""
    private var wasLoaded = false

    /// Nil when there is no room; `refusal` then says why.
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
        record.write(wasLoaded)
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
        wasLoaded = record.flag()
    }

    /// Takes news. `now` is in Unix seconds.
    mutating func take(
        _ lifecycle: ModelEvent, batch: borrowing Batch, in store: inout SeriesStore, now: Double
    ) {
        if !lifecycle.framework.isNone { framework = batch.bytes(lifecycle.framework).string }
        if !lifecycle.gitSHA.isNone { gitSHA = batch.bytes(lifecycle.gitSHA).string }
        if !lifecycle.trainedAt.isNaN { store.set(trained, value: lifecycle.trainedAt) }
        switch lifecycle.kind {
        case .facts: break
        case .loaded:
            store.show(reloads)
            if wasLoaded { store.add(reloads) }
            wasLoaded = true
            store.set(loaded, value: now)
        case .unloaded:
            store.hide(loaded)
            store.hide(info)
            return
        }
        var labels = names
        if !framework.isEmpty { labels.append(("framework", framework)) }
        if !gitSHA.isEmpty { labels.append(("git_sha", gitSHA)) }
        store.describe(info, labels: LabelSet(labels))
    }
}
