internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization
internal import Wire

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
        var store: SeriesStore
        var rules: ModelSettings.Rules
        var trainings = Trainings()
        var business = BusinessMetrics()
        var labelCounters = LabelCounters()
        var labels: Labels?
        var observations: Counter?
        var threshold: Gauge?
        var isShown = false
    }

    /// Nil when there is no room; `refusal` then says why.
    init?(
        _ name: String, budget: SeriesBudget, rules: ModelSettings.Rules, now: UInt64,
        refusal: inout DropReason?
    ) {
        var record = Record(
            store: SeriesStore(Families.all.descriptors, budget: budget), rules: rules)
        if !name.isEmpty {
            refusal = record.store.reserve(2)
            if refusal != nil { return nil }
            let labels = record.store.keep(LabelSet([("model", name)]))
            record.labels = labels
            record.observations = record.store.counter(Families.all.observations, labels: labels)
            record.threshold = record.store.gauge(Families.all.retrainThreshold, labels: labels)
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

    func reserve(
        _ training: TrainingEvent, batch: borrowing Batch, dropped: inout DroppedFeatures
    ) -> DropReason? {
        record.withLock { record in
            record.trainings.reserve(
                training, batch: batch, of: name, in: &record.store, budget: budget,
                dropped: &dropped)
        }
    }

    /// `hasUnit` says whether the unit of the metric is a label; it is set unless a record says so.
    func reserve(
        _ metric: MetricEvent, batch: borrowing Batch, origin: Reservation.Origin,
        hasUnit: inout Bool
    ) -> BusinessMetrics.Problem? {
        record.withLock { record in
            if origin != .record { hasUnit = record.rules.businessLabels.contains("unit") }
            if origin == .push,
                let problem = BusinessMetrics.problem(
                    with: metric, batch: batch, rules: record.rules)
            {
                return problem
            }
            return record.business.reserve(
                metric, batch: batch, of: name, hasUnit: hasUnit, in: &record.store)
        }
    }

    /// For a label that names no version.
    func reserveLabel() -> DropReason? {
        record.withLock { record in
            guard let labels = record.labels else { return nil }
            return record.labelCounters.reserve(in: &record.store, labels: labels)
        }
    }

    // MARK: Applying what was reserved

    func apply(
        _ training: TrainingEvent, batch: borrowing Batch, dropped: DroppedFeatures,
        context: PushContext
    ) {
        let hasSucceeded = record.withLock { record in
            record.isShown = true
            return record.trainings.take(
                training, batch: batch, of: name, in: &record.store, budget: budget,
                dropped: dropped, now: context.unixSeconds)
        }
        if hasSucceeded { rowsSinceTraining.store(0, ordering: .relaxed) }
    }

    func apply(_ metric: MetricEvent, batch: borrowing Batch, hasUnit: Bool) {
        record.withLock { record in
            record.isShown = true
            record.business.take(
                metric, batch: batch, of: name, hasUnit: hasUnit, in: &record.store)
        }
    }

    func applyLabel(_ context: PushContext) {
        record.withLock { record in
            record.isShown = true
            record.labelCounters.take(in: &record.store, now: context.unixSeconds)
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
            state.store.write(to: &record)
            state.trainings.write(to: &record)
            state.business.write(to: &record)
            state.labelCounters.write(to: &record)
            record.write(optional: state.labels) { $1.write($0) }
            record.write(optional: state.observations) { $1.write($0) }
            record.write(optional: state.threshold) { $1.write($0) }
        }
    }

    /// Becomes what was written.
    func read(_ record: inout ByteReader, rules: ModelSettings.Rules, now: UInt64) {
        let silence = record.number()
        lastPush.store(now > silence ? now - silence : 0, ordering: .relaxed)
        rowsSinceTraining.store(record.number(), ordering: .relaxed)
        var state = Record(
            store: SeriesStore(Families.all.descriptors, budget: budget), rules: rules)
        state.isShown = record.flag()
        state.store.read(&record)
        state.trainings = Trainings(&record, in: state.store)
        state.business = BusinessMetrics(&record, in: state.store)
        state.labelCounters = LabelCounters(&record, in: state.store)
        if record.flag() { state.labels = state.store.labels(&record) }
        if record.flag() { state.observations = state.store.counter(&record) }
        if record.flag() { state.threshold = state.store.gauge(&record) }
        self.record.withLock { swap(&$0, &state) }
    }

    // MARK: Showing

    /// Puts the numbers as they stand into a page's harvest.
    func give(to snapshot: inout StoreSnapshot) {
        record.withLock { record in
            let rows = rowsSinceTraining.load(ordering: .relaxed)
            if rows > 0 { record.isShown = true }
            if record.isShown, let observations = record.observations,
                let threshold = record.threshold
            {
                record.store.set(observations, to: rows)
                if let limit = record.rules.retrainObservationThreshold {
                    record.store.set(threshold, value: limit)
                } else {
                    record.store.hide(threshold)
                }
            }
            snapshot.take(record.store)
        }
    }
}
