internal import Exposition
internal import Kernel
internal import Observation
internal import Series

/// What is known of a model's training: gauges hold what the last push said. The model's lock guards
/// it.
struct Trainings {
    private var gauges = HandleMap<Gauge>()
    private var failures: Counter?
    private var info: Info?
    private var features = NameTable()

    init() {}

    func write(to record: inout ByteWriter) {
        gauges.write(to: &record) { $1.write($0) }
        record.write(optional: failures) { $1.write($0) }
        record.write(optional: info) { $1.write($0) }
        features.write(to: &record)
    }

    init(_ record: inout ByteReader, in ledger: borrowing SeriesStore) {
        gauges = HandleMap(&record) { ledger.gauge(&$0) }
        if record.flag() { failures = ledger.counter(&record) }
        if record.flag() { info = ledger.info(&record) }
        features = NameTable(&record)
    }

    /// Makes sure that there are places for all that is said of a run.
    mutating func reserve(
        _ training: TrainingEvent, _ batch: borrowing Batch, of model: String,
        in ledger: inout SeriesStore, _ budget: SeriesBudget
    ) -> DropReason? {
        var refusal: DropReason?
        _ = changes(training, batch, of: model, in: &ledger, budget, now: 0, &refusal)
        if refusal == nil, failures == nil {
            refusal = ledger.reserve(2)
            if refusal == nil {
                let labels = ledger.keep(LabelSet([("model", model)]))
                failures = ledger.counter(Families.all.trainingFailures, labels)
                info = ledger.info(Families.all.trainingInfo)
            }
        }
        return refusal
    }

    /// Takes what is said of a run. Returns whether training has succeeded with it.
    mutating func take(
        _ training: TrainingEvent, _ batch: borrowing Batch, of model: String,
        in ledger: inout SeriesStore, _ budget: SeriesBudget, now: Double
    ) -> Bool {
        var refusal: DropReason?
        let changes = changes(
            training, batch, of: model, in: &ledger, budget, now: now, &refusal)
        for (gauge, value) in changes { ledger.set(gauge, value) }
        if let failures {
            ledger.show(failures)
            if training.status == .failed { ledger.add(failures) }
        }
        if let info, !training.run.isNone {
            let labels = [("model", model), ("run_id", batch.bytes(training.run).string)]
            ledger.describe(info, LabelSet(labels))
        }
        return training.status == .succeeded
    }

    /// The gauges that a run's news sets, and to what. Those that are new are made.
    private mutating func changes(
        _ training: TrainingEvent, _ batch: borrowing Batch, of model: String,
        in ledger: inout SeriesStore, _ budget: SeriesBudget, now: Double,
        _ refusal: inout DropReason?
    ) -> [(Gauge, Double)] {
        let families = Families.all
        let names = [("model", model)]
        var changes: [(Gauge, Double)] = []
        func set(_ instrument: MetricDescriptor, _ value: Double) {
            if value.isNaN || refusal != nil { return }
            let gauge = gauges.handle(instrument.key, in: &ledger, &refusal) {
                $0.gauge(instrument, $0.keep(LabelSet(names)))
            }
            if let gauge { changes.append((gauge, value)) }
        }
        set(families.trainingEpoch, training.epoch)
        set(families.trainingStep, training.step)
        set(families.trainingDuration, training.durationSeconds)
        set(families.trainingRows, training.rows)
        if training.status == .succeeded { set(families.trainingSuccess, now) }
        let split = training.split.isNone ? "" : batch.bytes(training.split).string
        for place in training.metrics {
            let number = batch.trainingNumbers[place]
            let metric = batch.bytes(number.name).string
            let key = families.trainingMetric.key + Array(split.utf8) + [0xFF] + metric.utf8
            let gauge = gauges.handle(key, in: &ledger, &refusal) {
                var labels = names + [("metric", metric)]
                if !split.isEmpty { labels.append(("split", split)) }
                return $0.gauge(families.trainingMetric, $0.keep(LabelSet(labels)))
            }
            if let gauge { changes.append((gauge, number.value)) }
        }
        for place in training.importance {
            let number = batch.trainingNumbers[place]
            setFeature(
                [(families.trainingImportance, number.value)], batch.bytes(number.name), names,
                in: &ledger, budget, &changes, &refusal)
        }
        for place in training.statistics {
            let entry = batch.trainingStatistics[place]
            setFeature(
                [
                    (families.trainingMean, entry.mean), (families.trainingStddev, entry.stddev),
                    (families.trainingMedian, entry.median),
                ], batch.bytes(entry.feature), names, in: &ledger, budget, &changes, &refusal)
        }
        return changes
    }

    /// Notes what is said of one feature; one beyond the limit is dropped and counted.
    private mutating func setFeature(
        _ values: [(MetricDescriptor, Double)], _ feature: Span<UInt8>,
        _ names: [(name: String, value: String)], in ledger: inout SeriesStore,
        _ budget: SeriesBudget,
        _ changes: inout [(Gauge, Double)], _ refusal: inout DropReason?
    ) {
        if features.number(of: feature) == nil {
            if features.count >= budget.limits.features { return budget.drop(.featureLimit) }
            _ = features.add(feature)
        }
        let name = feature.string
        for (instrument, value) in values where !value.isNaN && refusal == nil {
            let gauge = gauges.handle(instrument.key + name.utf8, in: &ledger, &refusal) {
                $0.gauge(instrument, $0.keep(LabelSet(names + [("feature", name)])))
            }
            if let gauge { changes.append((gauge, value)) }
        }
    }
}

extension MetricDescriptor {
    /// What the keys of its series begin with.
    var key: [UInt8] { Array(family.name.utf8) + [0xFF] }
}
