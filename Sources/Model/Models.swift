internal import Exposition
package import Kernel
package import Observation
package import Series

/// Every model that is known from pushes, and what they have said of it: where batches go, and what
/// a page asks.
///
/// A push is decided, then applied. It holds the directory's lock as long as a look-up takes, then
/// the lock of one version after the other while that one's rows are counted. A page copies the numbers of each version under its
/// lock and is written without any.
package final class Models: Sink {
    package let budget: SeriesBudget
    let directory: LockedValue<ModelDirectory>
    let leases: Leases
    /// Whether a page forgets what is silent, or only `forget` does.
    let expiresItself: Bool
    /// The numbers of the business that belong to no model.
    let general: ModelState?
    let harvest: LockedValue<StoreSnapshot>
    let producers: ProducerProcesses
    let registryMetrics = RegistryMetrics()
    /// Decisions that have been applied, for the sake of their memory.
    private let spares = LockedValue<[Reservation]>([])
    private static let keptSpares = 16

    /// `processes` stands for the `/proc` in which the pids of producers mean something;
    /// `nativeHistograms` is `--exposition.native-histograms`; `expiresItself` says whether a page
    /// forgets what has been silent for too long, or only `forget` does.
    package init(
        _ limits: SeriesLimits = SeriesLimits(), _ settings: ModelSettings = ModelSettings(),
        nativeHistograms: Bool = false, expiresItself: Bool = true,
        processes: Root = Root("/proc")
    ) {
        let budget = SeriesBudget(limits)
        var refusal: DropReason?
        self.budget = budget
        self.expiresItself = expiresItself
        directory = LockedValue(ModelDirectory(settings, keepsNatives: nativeHistograms))
        leases = Leases(limit: limits.leases)
        producers = ProducerProcesses(processes, budget)
        general = ModelState("", budget, settings.rules, now: 0, refusal: &refusal)
        harvest = LockedValue(StoreSnapshot(Families.all.catalogue))
    }

    /// Applies a batch at once.
    package func apply(
        _ batch: borrowing Batch, from sender: Sender, verdict: inout BatchOutcome
    ) {
        let decision = decide(batch, from: sender, verdict: &verdict)
        apply(batch, as: decision)
    }

    // MARK: Deciding

    /// Decides what becomes of a batch, and reserves the series that it needs. Nothing of it shows
    /// until it is applied. A decision that is never applied costs the room of its series until
    /// their version goes.
    package func decide(
        _ batch: borrowing Batch, from sender: Sender, verdict: inout BatchOutcome
    ) -> Reservation {
        var decision = spares.withLock { $0.popLast() } ?? Reservation()
        decision.begin(batch, PushContext(from: sender))
        decide(batch, &decision, &verdict)
        return decision
    }

    /// Reserves what the batch needs beyond what the decision refuses already.
    func decide(
        _ batch: borrowing Batch, _ decision: inout Reservation, _ verdict: inout BatchOutcome
    ) {
        for run in batch.runs.indices
        where !decision.rows.haveAll(RowFlags.refused, batch.rows(of: run)) {
            let scope = batch.runs[run].scope
            if let version = version(scope, batch, &decision) {
                version.reserve(batch, run: run, &decision, &verdict)
            } else {
                let refusal = decision.targets[scope].refusal ?? .seriesLimit
                for row in batch.rows(of: run) {
                    decision.rows.refuse(row, batch, refusal, budget, &verdict)
                }
            }
        }
        for (place, state) in batch.states.enumerated()
        where !decision.isRefused(.state, place) {
            if let refusal = reserve(state, batch, &decision) {
                decision.refuse(.state, place)
                verdict.refuse(state.item, refusal, budget)
            }
        }
        for (place, news) in batch.news.enumerated() where !decision.isRefused(.news, place) {
            let version = version(news.scope, batch, &decision)
            if let refusal = version.map({ $0.reserve(news, batch, &decision) })
                ?? decision.targets[news.scope].refusal
            {
                decision.refuse(.news, place)
                verdict.refuse(news.item, refusal, budget)
            }
        }
        for (place, label) in batch.labels.enumerated()
        where !decision.isRefused(.label, place) {
            if let refusal = reserve(label, batch, &decision) {
                decision.refuse(.label, place)
                verdict.refuse(label.item, refusal, budget)
            }
        }
        for (place, training) in batch.trainings.enumerated()
        where !decision.isRefused(.training, place) {
            let model = model(training.scope, batch, &decision)
            if let refusal = model.map({ $0.reserve(training, batch) })
                ?? decision.targets[training.scope].refusal
            {
                decision.refuse(.training, place)
                verdict.refuse(training.item, refusal, budget)
            }
        }
        for (place, metric) in batch.metrics.enumerated()
        where !decision.isRefused(.metric, place) {
            switch reserve(metric, batch, &decision) {
            case nil: continue
            case .noRoom(let refusal)?: verdict.refuse(metric.item, refusal, budget)
            case .label(let code, let sentence)?:
                verdict.reject(Int(metric.item), code, sentence)
            }
            decision.refuse(.metric, place)
        }
    }

    private func reserve(
        _ state: StateEvent, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> DropReason? {
        let arrival = decision.arrival
        guard let lease = leases.start(arrival.sender.number, now: arrival.time) else {
            return .leaseLimit
        }
        guard let version = version(state.scope, batch, &decision) else {
            return decision.targets[state.scope].refusal
        }
        return version.reserve(state, batch, under: lease, &decision)
    }

    private func reserve(
        _ label: LabelEvent, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> DropReason? {
        if batch.scopes[label.scope].version.isNone {
            guard let model = model(label.scope, batch, &decision) else {
                return decision.targets[label.scope].refusal
            }
            return model.reserveLabel()
        }
        guard let version = version(label.scope, batch, &decision) else {
            return decision.targets[label.scope].refusal
        }
        return version.reserve(label, batch, &decision)
    }

    private func reserve(
        _ metric: MetricEvent, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> BusinessMetrics.Problem? {
        if metric.scope < 0 { return general?.reserve(metric, batch) }
        guard let model = model(metric.scope, batch, &decision) else {
            return .noRoom(decision.targets[metric.scope].refusal ?? .seriesLimit)
        }
        return model.reserve(metric, batch)
    }

    // MARK: Applying

    /// Applies a batch as it was decided: counts, shows, renews the sender's lease.
    package func apply(_ batch: borrowing Batch, as decision: consuming Reservation) {
        var decision = decision
        let arrival = decision.arrival
        leases.renew(arrival.sender.number, now: arrival.time)
        for run in batch.runs.indices {
            guard let version = decision.targets[batch.runs[run].scope].version else { continue }
            let rows = version.apply(batch, run: run, &decision)
            version.owner.observe(rows: rows)
        }
        for (place, state) in batch.states.enumerated()
        where !decision.isRefused(.state, place) {
            let target = decision.targets[state.scope]
            target.version?.apply(
                state, variant: target.variant, from: arrival.sender.number)
        }
        for (place, news) in batch.news.enumerated() where !decision.isRefused(.news, place) {
            let target = decision.targets[news.scope]
            target.version?.apply(
                news, batch, variant: target.variant, now: arrival.unixSeconds)
        }
        for (place, label) in batch.labels.enumerated()
        where !decision.isRefused(.label, place) {
            let target = decision.targets[label.scope]
            if batch.scopes[label.scope].version.isNone {
                target.model?.applyLabel(arrival)
            } else {
                target.version?.applyLabel(variant: target.variant, now: arrival.unixSeconds)
            }
        }
        for (place, training) in batch.trainings.enumerated()
        where !decision.isRefused(.training, place) {
            decision.targets[training.scope].model?.apply(training, batch, arrival)
        }
        for (place, metric) in batch.metrics.enumerated()
        where !decision.isRefused(.metric, place) {
            let model = metric.scope < 0 ? general : decision.targets[metric.scope].model
            model?.apply(metric, batch)
        }
        decision.end()
        let spare = decision
        spares.withLock { if $0.count < Models.keptSpares { $0.append(spare) } }
    }

    // MARK: Look-up

    /// The version that a scope names, made when it is new; nil without room, and the decision then
    /// says why.
    private func version(
        _ scope: Int, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> ModelVersion? {
        if let known = decision.targets[scope].version { return known }
        if decision.targets[scope].refusal != nil { return nil }
        let names = batch.scopes[scope]
        let arrival = decision.arrival
        var refusal: DropReason?
        let version = directory.withLock { directory in
            directory.version(
                batch.bytes(names.version), of: batch.bytes(names.model), budget,
                now: arrival.time, &refusal)
        }
        decision.targets[scope].version = version
        decision.targets[scope].refusal = version == nil ? refusal ?? .seriesLimit : nil
        if let version, let process = arrival.sender.process { producers.note(process, version) }
        return version
    }

    /// The model that a scope names, likewise.
    private func model(
        _ scope: Int, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> ModelState? {
        if let known = decision.targets[scope].model { return known }
        var refusal: DropReason?
        let name = batch.scopes[scope].model
        let now = decision.arrival.time
        let model = directory.withLock { directory in
            directory.model(batch.bytes(name), budget, now: now, &refusal)
        }
        decision.targets[scope].model = model
        if model == nil { decision.targets[scope].refusal = refusal ?? .seriesLimit }
        return model
    }
}
