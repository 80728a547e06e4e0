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
package final class Models: Sendable {
    package let budget: SeriesBudget
    let directory: LockedValue<ModelDirectory>
    let leases: Leases
    /// Whether a page forgets what is silent, or only `forget` does.
    let expiresItself: Bool
    /// The numbers of the business that belong to no model.
    let general: ModelState?
    let snapshot: LockedValue<StoreSnapshot>
    let producers: ProducerProcesses
    let registryMetrics = RegistryMetrics()
    /// Decisions that have been applied, for the sake of their memory.
    private let spares = LockedValue<[Reservation]>([])
    private static let keptSpares = 16

    /// `processes` stands for the `/proc` in which the pids of producers mean something;
    /// `nativeHistograms` is `--exposition.native-histograms`; `expiresItself` says whether a page
    /// forgets what has been silent for too long, or only `forget` does.
    package init(
        _ limits: SeriesLimits = SeriesLimits(), settings: ModelSettings = ModelSettings(),
        nativeHistograms: Bool = false, expiresItself: Bool = true,
        processes: Root = Root("/proc")
    ) {
        let budget = SeriesBudget(limits)
        var refusal: DropReason?
        self.budget = budget
        self.expiresItself = expiresItself
        directory = LockedValue(ModelDirectory(settings, keepsNatives: nativeHistograms))
        leases = Leases(limit: limits.leases)
        producers = ProducerProcesses(processes, budget: budget)
        general = ModelState("", budget: budget, rules: settings.rules, now: 0, refusal: &refusal)
        snapshot = LockedValue(StoreSnapshot(Families.all.descriptors))
    }

    /// Applies a batch at once.
    package func apply(
        _ batch: borrowing Batch, from sender: Sender, at time: Timestamp = .now,
        outcome: inout BatchOutcome
    ) {
        let decision = decide(batch, from: sender, at: time, outcome: &outcome)
        apply(batch, as: decision)
    }

    // MARK: Deciding

    /// Decides what becomes of a batch, and reserves the series that it needs. Nothing of it shows
    /// until it is applied. A decision that is never applied costs the room of its series until
    /// their version goes.
    package func decide(
        _ batch: borrowing Batch, from sender: Sender, at time: Timestamp = .now,
        outcome: inout BatchOutcome
    ) -> Reservation {
        var decision = spares.withLock { $0.popLast() } ?? Reservation()
        decision.begin(batch, context: PushContext(from: sender, at: time))
        decide(batch, decision: &decision, outcome: &outcome)
        return decision
    }

    /// Reserves what the batch needs beyond what the decision refuses already.
    func decide(
        _ batch: borrowing Batch, decision: inout Reservation, outcome: inout BatchOutcome
    ) {
        for run in batch.runs.indices
        where !decision.rows.haveAll(RowFlags.refused, rows: batch.rows(of: run)) {
            let scope = batch.runs[run].scope
            if let version = version(scope, batch: batch, decision: &decision) {
                version.reserve(batch, run: run, decision: &decision, outcome: &outcome)
            } else {
                let refusal = decision.targets[scope].refusal ?? .seriesLimit
                for row in batch.rows(of: run) {
                    decision.rows.refuse(
                        row, batch: batch, reason: refusal, budget: budget, outcome: &outcome)
                }
            }
        }
        for (place, state) in batch.states.enumerated()
        where !decision.isRefused(.state, place: place) {
            if let refusal = reserve(state, batch: batch, decision: &decision) {
                decision.refuse(.state, place: place)
                outcome.refuse(state.item, reason: refusal, budget: budget)
            }
        }
        for (place, lifecycle) in batch.lifecycle.enumerated()
        where !decision.isRefused(.lifecycle, place: place) {
            let version = version(lifecycle.scope, batch: batch, decision: &decision)
            if let refusal = version.map({
                $0.reserve(lifecycle, batch: batch, decision: &decision)
            })
                ?? decision.targets[lifecycle.scope].refusal
            {
                decision.refuse(.lifecycle, place: place)
                outcome.refuse(lifecycle.item, reason: refusal, budget: budget)
            }
        }
        for (place, label) in batch.labels.enumerated()
        where !decision.isRefused(.label, place: place) {
            if let refusal = reserve(label, batch: batch, decision: &decision) {
                decision.refuse(.label, place: place)
                outcome.refuse(label.item, reason: refusal, budget: budget)
            }
        }
        for (place, training) in batch.trainings.enumerated()
        where !decision.isRefused(.training, place: place) {
            let model = model(training.scope, batch: batch, decision: &decision)
            var dropped = decision.droppedFeatures(ofTraining: place)
            if let refusal = model.map({
                $0.reserve(training, batch: batch, dropped: &dropped)
            })
                ?? decision.targets[training.scope].refusal
            {
                decision.refuse(.training, place: place)
                outcome.refuse(training.item, reason: refusal, budget: budget)
            } else if !decision.isReplayed {
                for name in dropped.names {
                    decision.droppedTrainingFeatures.append(
                        Reservation.Name(place: place, name: name))
                }
            }
        }
        for (place, metric) in batch.metrics.enumerated()
        where !decision.isRefused(.metric, place: place) {
            switch reserve(metric, at: place, batch: batch, decision: &decision) {
            case nil: continue
            case .noRoom(let refusal)?: outcome.refuse(metric.item, reason: refusal, budget: budget)
            case .label(let code, let sentence)?:
                outcome.reject(Int(metric.item), code: code, detail: sentence)
            }
            decision.refuse(.metric, place: place)
        }
    }

    private func reserve(
        _ state: StateEvent, batch: borrowing Batch, decision: inout Reservation
    ) -> DropReason? {
        let context = decision.context
        guard
            let lease = leases.start(
                context.sender.number, now: context.time, checksLimit: budget.isBinding)
        else {
            return .leaseLimit
        }
        guard let version = version(state.scope, batch: batch, decision: &decision) else {
            return decision.targets[state.scope].refusal
        }
        return version.reserve(state, batch: batch, under: lease, decision: &decision)
    }

    private func reserve(
        _ label: LabelEvent, batch: borrowing Batch, decision: inout Reservation
    ) -> DropReason? {
        if batch.scopes[label.scope].version.isNone {
            guard let model = model(label.scope, batch: batch, decision: &decision) else {
                return decision.targets[label.scope].refusal
            }
            return model.reserveLabel()
        }
        guard let version = version(label.scope, batch: batch, decision: &decision) else {
            return decision.targets[label.scope].refusal
        }
        return version.reserve(label, batch: batch, decision: &decision)
    }

    private func reserve(
        _ metric: MetricEvent, at place: Int, batch: borrowing Batch,
        decision: inout Reservation
    ) -> BusinessMetrics.Problem? {
        guard
            let model = metric.scope < 0
                ? general : model(metric.scope, batch: batch, decision: &decision)
        else {
            if metric.scope < 0 { return nil }
            return .noRoom(decision.targets[metric.scope].refusal ?? .seriesLimit)
        }
        var hasUnit = decision.hasUnitLabel(place)
        let problem = model.reserve(
            metric, batch: batch, origin: decision.origin, hasUnit: &hasUnit)
        if hasUnit, !metric.unit.isNone { decision.setUnitLabel(place) }
        return problem
    }

    // MARK: Applying

    /// Applies a batch as it was decided: counts, shows, renews the sender's lease. Returns the
    /// histograms that start at 0 because the settings have given them other bounds.
    @discardableResult
    package func apply(_ batch: borrowing Batch, as decision: consuming Reservation) -> [Reset] {
        var decision = decision
        let context = decision.context
        let resets = decision.bounds.isEmpty ? [] : setBounds(decision)
        leases.renew(context.sender.number, now: context.time)
        for run in batch.runs.indices {
            guard let version = decision.targets[batch.runs[run].scope].version else { continue }
            let rows = version.apply(batch, run: run, decision: &decision)
            version.owner.observe(rows: rows)
        }
        for (place, state) in batch.states.enumerated()
        where !decision.isRefused(.state, place: place) {
            let target = decision.targets[state.scope]
            target.version?.apply(
                state, variant: target.variant, from: context.sender.number)
        }
        for (place, lifecycle) in batch.lifecycle.enumerated()
        where !decision.isRefused(.lifecycle, place: place) {
            let target = decision.targets[lifecycle.scope]
            target.version?.apply(
                lifecycle, batch: batch, variant: target.variant, now: context.unixSeconds)
        }
        for (place, label) in batch.labels.enumerated()
        where !decision.isRefused(.label, place: place) {
            let target = decision.targets[label.scope]
            if batch.scopes[label.scope].version.isNone {
                target.model?.applyLabel(context)
            } else {
                target.version?.applyLabel(variant: target.variant, now: context.unixSeconds)
            }
        }
        for (place, training) in batch.trainings.enumerated()
        where !decision.isRefused(.training, place: place) {
            decision.targets[training.scope].model?.apply(
                training, batch: batch, dropped: decision.droppedFeatures(ofTraining: place),
                context: context)
        }
        for (place, metric) in batch.metrics.enumerated()
        where !decision.isRefused(.metric, place: place) {
            let model = metric.scope < 0 ? general : decision.targets[metric.scope].model
            model?.apply(metric, batch: batch, hasUnit: decision.hasUnitLabel(place))
        }
        decision.end()
        let spare = decision
        spares.withLock { if $0.count < Models.keptSpares { $0.append(spare) } }
        return resets
    }

    /// Gives the histograms of versions the bounds that were decided, whatever the limits are: their
    /// series were counted when they were made.
    private func setBounds(_ decision: borrowing Reservation) -> [Reset] {
        var resets: [Reset] = []
        for change in decision.bounds {
            guard let version = decision.targets[change.scope].version else { continue }
            let families = budget.lifted { version.setBounds(change) }
            for family in families {
                resets.append(
                    Reset(model: version.owner.name, version: version.version, family: family))
            }
        }
        return resets
    }

    // MARK: Look-up

    /// The version that a scope names, made when it is new; nil without room, and the decision then
    /// says why.
    func version(
        _ scope: Int, batch: borrowing Batch, decision: inout Reservation
    ) -> ModelVersion? {
        if let known = decision.targets[scope].version { return known }
        if decision.targets[scope].refusal != nil { return nil }
        let names = batch.scopes[scope]
        let context = decision.context
        var refusal: DropReason?
        let isReplayed = decision.isReplayed
        var bounds: Reservation.Bounds?
        let version = directory.withLock { directory in
            let version = directory.version(
                batch.bytes(names.version), of: batch.bytes(names.model), budget: budget,
                now: context.time, refusal: &refusal)
            if !isReplayed, let version {
                bounds = directory.newBounds(of: version, scope: scope)
            }
            return version
        }
        if let bounds { decision.bounds.append(bounds) }
        decision.targets[scope].version = version
        decision.targets[scope].refusal = version == nil ? refusal ?? .seriesLimit : nil
        if let version, let process = context.sender.process {
            producers.note(process, version: version)
        }
        return version
    }

    /// The model that a scope names, likewise.
    private func model(
        _ scope: Int, batch: borrowing Batch, decision: inout Reservation
    ) -> ModelState? {
        if let known = decision.targets[scope].model { return known }
        var refusal: DropReason?
        let name = batch.scopes[scope].model
        let now = decision.context.time
        let model = directory.withLock { directory in
            directory.model(batch.bytes(name), budget: budget, now: now, refusal: &refusal)
        }
        decision.targets[scope].model = model
        if model == nil { decision.targets[scope].refusal = refusal ?? .seriesLimit }
        return model
    }
}
