internal import Exposition
public import Kernel
public import Observation
public import Series

/// Every model that is known from pushes, and what they have said of it: where batches go, and what
/// a page asks.
///
/// A push holds the directory's lock as long as a look-up takes, then the lock of one version after
/// the other while that one's rows are counted. A page copies the numbers of each version under its
/// lock and is written without any.
public final class Models: Sink {
    public let budget: SeriesBudget
    let directory: Guarded<Directory>
    let leases: Leases
    /// The numbers of the business that belong to no model.
    let general: KnownModel?
    let harvest: Guarded<Harvest>
    let producers: Producers
    let registryMetrics = RegistryMetrics()
    private let scratches = Guarded<[Scratch]>([])

    /// `processes` stands for the `/proc` in which the pids of producers mean something;
    /// `nativeHistograms` is `--exposition.native-histograms`.
    public init(
        _ limits: SeriesLimits = SeriesLimits(), _ settings: ModelSettings = ModelSettings(),
        nativeHistograms: Bool = false, processes: Root = Root("/proc")
    ) {
        let budget = SeriesBudget(limits)
        var refusal: DropReason?
        self.budget = budget
        directory = Guarded(Directory(settings, keepsNatives: nativeHistograms))
        leases = Leases(limit: limits.leases)
        producers = Producers(processes, budget)
        general = KnownModel("", budget, settings.rules, now: 0, refusal: &refusal)
        harvest = Guarded(Harvest(Families.all.catalogue))
    }

    public func apply(
        _ batch: borrowing Batch, from sender: Sender, verdict: inout Verdict
    ) {
        let arrival = Arrival(from: sender)
        leases.renew(sender.number, now: arrival.time)
        if batch.isEmpty { return }
        if !batch.runs.isEmpty { applyRuns(batch, arrival, &verdict) }
        for state in batch.states {
            guard let lease = leases.start(sender.number, now: arrival.time) else {
                verdict.refuse(state.item, .leaseLimit, budget)
                continue
            }
            version(state.scope, batch, arrival, state.item, &verdict)?
                .apply(state, batch, under: lease, &verdict)
        }
        for news in batch.news {
            version(news.scope, batch, arrival, news.item, &verdict)?
                .apply(news, batch, arrival, &verdict)
        }
        for label in batch.labels {
            if batch.scopes[label.scope].version.isNone {
                model(label.scope, batch, arrival, label.item, &verdict)?
                    .apply(label, arrival, &verdict)
            } else {
                version(label.scope, batch, arrival, label.item, &verdict)?
                    .apply(label, batch, arrival, &verdict)
            }
        }
        for training in batch.trainings {
            model(training.scope, batch, arrival, training.item, &verdict)?
                .apply(training, batch, arrival, &verdict)
        }
        for metric in batch.metrics {
            let owner =
                metric.scope < 0
                ? general : model(metric.scope, batch, arrival, metric.item, &verdict)
            owner?.apply(metric, batch, &verdict)
        }
    }

    private func applyRuns(
        _ batch: borrowing Batch, _ arrival: Arrival, _ verdict: inout Verdict
    ) {
        var scratch = scratches.withLock { $0.popLast() } ?? Scratch()
        for run in batch.runs.indices {
            var refusal: DropReason?
            let scope = batch.scopes[batch.runs[run].scope]
            if let version = version(scope, batch, arrival, &refusal) {
                let rows = version.apply(batch, run: run, arrival, &scratch, &verdict)
                version.owner.observe(rows: rows)
            } else {
                for row in batch.rows(of: run) {
                    verdict.refuse(batch.items[row], refusal ?? .seriesLimit, budget)
                }
            }
        }
        scratches.withLock { $0.append(scratch) }
    }

    // MARK: Look-up

    private func version(
        _ scope: Batch.Scope, _ batch: borrowing Batch, _ arrival: Arrival,
        _ refusal: inout DropReason?
    ) -> ModelVersion? {
        let version = directory.withLock { directory in
            directory.version(
                batch.bytes(scope.version), of: batch.bytes(scope.model), budget,
                now: arrival.time, &refusal)
        }
        if let version, let process = arrival.sender.process { producers.note(process, version) }
        return version
    }

    /// The version that an item is about; the item is refused when there is no room for it.
    private func version(
        _ scope: Int, _ batch: borrowing Batch, _ arrival: Arrival, _ item: UInt32,
        _ verdict: inout Verdict
    ) -> ModelVersion? {
        var refusal: DropReason?
        let version = version(batch.scopes[scope], batch, arrival, &refusal)
        if version == nil { verdict.refuse(item, refusal ?? .seriesLimit, budget) }
        return version
    }

    /// The model that an item is about; the item is refused when there is no room for it.
    private func model(
        _ scope: Int, _ batch: borrowing Batch, _ arrival: Arrival, _ item: UInt32,
        _ verdict: inout Verdict
    ) -> KnownModel? {
        var refusal: DropReason?
        let name = batch.scopes[scope].model
        let model = directory.withLock { directory in
            directory.model(batch.bytes(name), budget, now: arrival.time, &refusal)
        }
        if model == nil { verdict.refuse(item, refusal ?? .seriesLimit, budget) }
        return model
    }
}
