internal import Exposition
internal import Kernel
internal import Observation
internal import Series

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
        _ names: [(name: String, value: String)], _ labels: Labels, in ledger: inout SeriesStore,
        refusal: inout DropReason?
    ) {
        refusal = ledger.reserve(4)
        if refusal != nil { return nil }
        let families = Families.all
        self.names = names
        info = ledger.info(families.info)
        loaded = ledger.gauge(families.loaded, labels)
        trained = ledger.gauge(families.trained, labels)
        reloads = ledger.counter(families.reloads, labels)
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
        _ record: inout ByteReader, _ names: [(name: String, value: String)],
        in ledger: borrowing SeriesStore
    ) {
        self.names = names
        info = ledger.info(&record)
        loaded = ledger.gauge(&record)
        trained = ledger.gauge(&record)
        reloads = ledger.counter(&record)
        framework = record.text().string
        gitSHA = record.text().string
        wasLoaded = record.flag()
    }

    /// Takes news. `now` is in Unix seconds.
    mutating func take(
        _ news: ModelEvent, _ batch: borrowing Batch, in ledger: inout SeriesStore, now: Double
    ) {
        if !news.framework.isNone { framework = batch.bytes(news.framework).string }
        if !news.gitSHA.isNone { gitSHA = batch.bytes(news.gitSHA).string }
        if !news.trainedAt.isNaN { ledger.set(trained, news.trainedAt) }
        switch news.kind {
        case .facts: break
        case .loaded:
            ledger.show(reloads)
            if wasLoaded { ledger.add(reloads) }
            wasLoaded = true
            ledger.set(loaded, now)
        case .unloaded:
            ledger.hide(loaded)
            ledger.hide(info)
            return
        }
        var labels = names
        if !framework.isEmpty { labels.append(("framework", framework)) }
        if !gitSHA.isEmpty { labels.append(("git_sha", gitSHA)) }
        ledger.describe(info, LabelSet(labels))
    }
}
