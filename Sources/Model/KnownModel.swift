internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization

/// A model, whatever its version: its training, its business, labels that name no version.
final class KnownModel: Sendable {
    /// Empty for the numbers of the business that belong to no model.
    let name: String
    /// As `ModelVersion.lastPush`.
    let lastPush: Atomic<UInt64>
    /// Rows predicted since training last succeeded.
    private let rowsSinceTraining = Atomic<UInt64>(0)
    private let record: Guarded<Record>
    private let budget: SeriesBudget

    /// What the lock guards.
    private struct Record: ~Copyable {
        var ledger: Ledger
        var rules: ModelSettings.Rules
        var trainings = Trainings()
        var business = Business()
        var truths = Truths()
        var labels: Labels?
        var observations: Counter?
        var threshold: Gauge?
    }

    /// Nil when there is no room; `refusal` then says why.
    init?(
        _ name: String, _ budget: SeriesBudget, _ rules: ModelSettings.Rules, now: UInt64,
        refusal: inout DropReason?
    ) {
        var record = Record(ledger: Ledger(Families.all.catalogue, budget), rules: rules)
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
        self.record = Guarded(record)
    }

    /// Counts rows that a version has predicted.
    func observe(rows: UInt64) {
        if rows > 0 { rowsSinceTraining.wrappingAdd(rows, ordering: .relaxed) }
    }

    func apply(
        _ training: Training, _ batch: borrowing Batch, _ arrival: Arrival,
        _ verdict: inout Verdict
    ) {
        let hasSucceeded = record.withLock { record in
            var refusal: DropReason?
            let hasSucceeded = record.trainings.take(
                training, batch, of: name, in: &record.ledger, budget, now: arrival.unixSeconds,
                &refusal)
            if let refusal { verdict.refuse(training.item, refusal, budget) }
            return hasSucceeded
        }
        if hasSucceeded { rowsSinceTraining.store(0, ordering: .relaxed) }
    }

    func apply(_ metric: Metric, _ batch: borrowing Batch, _ verdict: inout Verdict) {
        record.withLock { record in
            switch record.business.take(
                metric, batch, of: name, record.rules, in: &record.ledger)
            {
            case nil: return
            case .noRoom(let reason)?: verdict.refuse(metric.item, reason, budget)
            case .label(let code, let sentence)?:
                verdict.reject(Int(metric.item), code, sentence)
            }
        }
    }

    /// Counts a label that names no version.
    func apply(_ label: Label, _ arrival: Arrival, _ verdict: inout Verdict) {
        record.withLock { record in
            guard let labels = record.labels else { return }
            if let refusal = record.truths.take(
                in: &record.ledger, labels, now: arrival.unixSeconds)
            {
                verdict.refuse(label.item, refusal, budget)
            }
        }
    }

    func apply(_ rules: ModelSettings.Rules) {
        record.withLock { $0.rules = rules }
    }

    /// Puts the numbers as they stand into a page's harvest.
    func give(to harvest: inout Harvest) {
        record.withLock { record in
            if let observations = record.observations, let threshold = record.threshold {
                record.ledger.set(
                    observations, to: rowsSinceTraining.load(ordering: .relaxed))
                if let rows = record.rules.retrainObservationThreshold {
                    record.ledger.set(threshold, rows)
                } else {
                    record.ledger.hide(threshold)
                }
            }
            harvest.take(record.ledger)
        }
    }
}
