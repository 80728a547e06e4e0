internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization

/// A model, whatever its version: its training, its business, labels that name no version.
final class ModelState: Sendable {
    /// Empty for the numbers of the business that belong to no model.
    let name: String
    /// As `ModelVersion.lastPush`.
    let lastPush: Atomic<UInt64>
    /// Rows predicted since training last succeeded.
    private let rowsSinceTraining = Atomic<UInt64>(0)
    private let record: LockedValue<Record>
    private let budget: SeriesBudget

    /// What the lock guards.
    private struct Record: ~Copyable {
        var ledger: SeriesStore
        var rules: ModelSettings.Rules
        var trainings = Trainings()
        var business = BusinessMetrics()
        var truths = LabelCounters()
        var labels: Labels?
        var observations: Counter?
        var threshold: Gauge?
        var isShown = false
    }

    /// Nil when there is no room; `refusal` then says why.
    init?(
        _ name: String, _ budget: SeriesBudget, _ rules: ModelSettings.Rules, now: UInt64,
        refusal: inout DropReason?
    ) {
        var record = Record(ledger: SeriesStore(Families.all.catalogue, budget), rules: rules)
        if !name.isEmpty {
            refusal = record.ledger.reserve(2)
            if refusal != nil { return nil }
            let labels = record.ledger.keep(LabelSet([("model", name)]))
            record.labels = labels
            record.observations = record.ledger.counter(Families.all.observations, labels)
            record.threshold = record.ledger.gauge(Families.all.retrainThreshold, labels)
        }
        self.name = name
        self.budget = budget
        lastPush = Atomic(now)
        self.record = LockedValue(record)
    }

    /// Counts rows that a version has predicted.
    func observe(rows: UInt64) {
        if rows > 0 { rowsSinceTraining.wrappingAdd(rows, ordering: .relaxed) }
    }

    // MARK: Reserving

    func reserve(_ training: TrainingEvent, _ batch: borrowing Batch) -> DropReason? {
        record.withLock { record in
            record.trainings.reserve(training, batch, of: name, in: &record.ledger, budget)
        }
    }

    func reserve(_ metric: MetricEvent, _ batch: borrowing Batch) -> BusinessMetrics.Problem? {
        record.withLock { record in
            record.business.reserve(metric, batch, of: name, record.rules, in: &record.ledger)
        }
    }

    /// For a label that names no version.
    func reserveLabel() -> DropReason? {
        record.withLock { record in
            guard let labels = record.labels else { return nil }
            return record.truths.reserve(in: &record.ledger, labels)
        }
    }

    // MARK: Applying what was reserved

    func apply(_ training: TrainingEvent, _ batch: borrowing Batch, _ arrival: PushContext) {
        let hasSucceeded = record.withLock { record in
            record.isShown = true
            return record.trainings.take(
                training, batch, of: name, in: &record.ledger, budget, now: arrival.unixSeconds)
        }
        if hasSucceeded { rowsSinceTraining.store(0, ordering: .relaxed) }
    }

    func apply(_ metric: MetricEvent, _ batch: borrowing Batch) {
        record.withLock { record in
            record.isShown = true
            record.business.take(metric, batch, of: name, record.rules, in: &record.ledger)
        }
    }

    func applyLabel(_ arrival: PushContext) {
        record.withLock { record in
            record.isShown = true
            record.truths.take(in: &record.ledger, now: arrival.unixSeconds)
        }
    }

    /// Whether anything of it stands on the page.
    var isShown: Bool {
        rowsSinceTraining.load(ordering: .relaxed) > 0 || record.withLock { $0.isShown }
    }

    func apply(_ rules: ModelSettings.Rules) {
        record.withLock { $0.rules = rules }
    }

    // MARK: Records

    func write(to record: inout ByteWriter, now: UInt64) {
        let push = lastPush.load(ordering: .relaxed)
        record.write(now > push ? now - push : 0)
        record.write(rowsSinceTraining.load(ordering: .relaxed))
        self.record.withLock { state in
            record.write(state.isShown)
            state.ledger.write(to: &record)
            state.trainings.write(to: &record)
            state.business.write(to: &record)
            state.truths.write(to: &record)
            record.write(optional: state.labels) { $1.write($0) }
            record.write(optional: state.observations) { $1.write($0) }
            record.write(optional: state.threshold) { $1.write($0) }
        }
    }

    /// Becomes what was written.
    func read(_ record: inout ByteReader, _ rules: ModelSettings.Rules, now: UInt64) {
        let silence = record.number()
        lastPush.store(now > silence ? now - silence : 0, ordering: .relaxed)
        rowsSinceTraining.store(record.number(), ordering: .relaxed)
        var state = Record(ledger: SeriesStore(Families.all.catalogue, budget), rules: rules)
        state.isShown = record.flag()
        state.ledger.read(&record)
        state.trainings = Trainings(&record, in: state.ledger)
        state.business = BusinessMetrics(&record, in: state.ledger)
        state.truths = LabelCounters(&record, in: state.ledger)
        if record.flag() { state.labels = state.ledger.labels(&record) }
        if record.flag() { state.observations = state.ledger.counter(&record) }
        if record.flag() { state.threshold = state.ledger.gauge(&record) }
        self.record.withLock { swap(&$0, &state) }
    }

    // MARK: Showing

    /// Puts the numbers as they stand into a page's harvest.
    func give(to harvest: inout StoreSnapshot) {
        record.withLock { record in
            let rows = rowsSinceTraining.load(ordering: .relaxed)
            if rows > 0 { record.isShown = true }
            if record.isShown, let observations = record.observations,
                let threshold = record.threshold
            {
                record.ledger.set(observations, to: rows)
                if let limit = record.rules.retrainObservationThreshold {
                    record.ledger.set(threshold, limit)
                } else {
                    record.ledger.hide(threshold)
                }
            }
            harvest.take(record.ledger)
        }
    }
}
