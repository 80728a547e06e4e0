internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The features of a training event that got no series because the limit of features was reached.
struct DroppedFeatures: Sendable {
    var names: Set<Symbol> = []
    /// Whether `names` says it all, whatever the limit is.
    var isDecided = false
}

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

    init(_ record: inout ByteReader, in store: borrowing SeriesStore) {
        gauges = HandleMap(&record) { store.gauge(&$0) }
        if record.flag() { failures = store.counter(&record) }
        if record.flag() { info = store.info(&record) }
        features = NameTable(&record)
    }

    /// Makes sure that there are places for all that is said of a run.
    mutating func reserve(
        _ training: TrainingEvent, batch: borrowing Batch, of model: String,
        in store: inout SeriesStore, budget: SeriesBudget, dropped: inout DroppedFeatures
    ) -> DropReason? {
        var refusal: DropReason?
        _ = changes(
            training, batch: batch, of: model, in: &store, budget: budget, now: 0,
            dropped: &dropped, refusal: &refusal)
        dropped.isDecided = true
        if refusal == nil, failures == nil {
            refusal = store.reserve(2)
            if refusal == nil {
                let labels = store.keep(LabelSet([("model", model)]))
                failures = store.counter(Families.all.trainingFailures, labels: labels)
                info = store.info(Families.all.trainingInfo)
            }
        }
        return refusal
    }

    /// Takes what is said of a run. Returns whether training has succeeded with it.
    mutating func take(
        _ training: TrainingEvent, batch: borrowing Batch, of model: String,
        in store: inout SeriesStore, budget: SeriesBudget, dropped: DroppedFeatures, now: Double
    ) -> Bool {
        var refusal: DropReason?
        var dropped = dropped
        let changes = changes(
            training, batch: batch, of: model, in: &store, budget: budget, now: now,
            dropped: &dropped, refusal: &refusal)
        for (gauge, value) in changes { store.set(gauge, value: value) }
        if let failures {
            store.show(failures)
            if training.status == .failed { store.add(failures) }
        }
        if let info, !training.run.isNone {
            let labels = [("model", model), ("run_id", batch.bytes(training.run).string)]
            store.describe(info, labels: LabelSet(labels))
        }
        return training.status == .succeeded
    }

    /// The gauges that a run's news sets, and to what. Those that are new are made.
    private mutating func changes(
        _ training: TrainingEvent, batch: borrowing Batch, of model: String,
        in store: inout SeriesStore, budget: SeriesBudget, now: Double,
        dropped: inout DroppedFeatures, refusal: inout DropReason?
    ) -> [(Gauge, Double)] {
        let families = Families.all
        let names = [("model", model)]
        var changes: [(Gauge, Double)] = []
        func set(_ descriptor: MetricDescriptor, value: Double) {
            if value.isNaN || refusal != nil { return }
            let gauge = gauges.handle(descriptor.key, in: &store, refusal: &refusal) {
                $0.gauge(descriptor, labels: $0.keep(LabelSet(names)))
            }
            if let gauge { changes.append((gauge, value)) }
        }
        set(families.trainingEpoch, value: training.epoch)
        set(families.trainingStep, value: training.step)
        set(families.trainingDuration, value: training.durationSeconds)
        set(families.trainingRows, value: training.rows)
        if training.status == .succeeded { set(families.trainingSuccess, value: now) }
        let split = training.split.isNone ? "" : batch.bytes(training.split).string
        for place in training.metrics {
            let number = batch.trainingNumbers[place]
            let metric = batch.bytes(number.name).string
            let key = families.trainingMetric.key + Array(split.utf8) + [0xFF] + metric.utf8
            let gauge = gauges.handle(key, in: &store, refusal: &refusal) {
                var labels = names + [("metric", metric)]
                if !split.isEmpty { labels.append(("split", split)) }
                return $0.gauge(families.trainingMetric, labels: $0.keep(LabelSet(labels)))
            }
            if let gauge { changes.append((gauge, number.value)) }
        }
        for place in training.importance {
            let number = batch.trainingNumbers[place]
            setFeature(
                [(families.trainingImportance, number.value)], feature: number.name,
                batch: batch, names: names, in: &store, budget: budget, changes: &changes,
                dropped: &dropped, refusal: &refusal)
        }
        for place in training.statistics {
            let entry = batch.trainingStatistics[place]
            setFeature(
                [
                    (families.trainingMean, entry.mean), (families.trainingStddev, entry.stddev),
                    (families.trainingMedian, entry.median),
                ], feature: entry.feature, batch: batch, names: names, in: &store, budget: budget,
                changes: &changes, dropped: &dropped, refusal: &refusal)
        }
        return changes
    }

    /// Notes what is said of one feature; one beyond the limit is dropped and counted.
    private mutating func setFeature(
        _ values: [(MetricDescriptor, Double)], feature symbol: Symbol, batch: borrowing Batch,
        names: [(name: String, value: String)], in store: inout SeriesStore,
        budget: SeriesBudget, changes: inout [(Gauge, Double)],
        dropped: inout DroppedFeatures, refusal: inout DropReason?
    ) {
        let feature = batch.bytes(symbol)
        if dropped.names.contains(symbol) { return }
        if features.number(of: feature) == nil {
            if !dropped.isDecided, features.count >= budget.limits.features {
                dropped.names.insert(symbol)
                return budget.drop(.featureLimit)
            }
            _ = features.add(feature)
        }
        let name = feature.string
        for (descriptor, value) in values where !value.isNaN && refusal == nil {
            let gauge = gauges.handle(descriptor.key + name.utf8, in: &store, refusal: &refusal) {
                $0.gauge(descriptor, labels: $0.keep(LabelSet(names + [("feature", name)])))
            }
            if let gauge { changes.append((gauge, value)) }
        }
    }
}

extension MetricDescriptor {
    /// What the keys of its series begin with.
    var key: [UInt8] { Array(family.name.utf8) + [0xFF] }
}
