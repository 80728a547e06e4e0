internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The features of a training event that got no series because the limit of features was reached.
struct DroppedFeatures: Sendable {
    var names: Set<Symbol> = []
    /// Whether `names` is complete, whatever the limit is now.
    var isDecided = false
}

/// The training of a model: gauges with the values of the last push. Guarded by the model's lock.
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

    /// Makes the series that the event needs. Returns the limit that is reached, or nil.
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
                let labels = store.store(LabelSet([("model", model)]))
                failures = store.counter(Families.all.trainingFailures, labels: labels)
                info = store.info(Families.all.trainingInfo)
            }
        }
        return refusal
    }

    /// Applies an event. Returns whether the training has succeeded with it.
    mutating func apply(
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

    /// The gauges that the event sets, and their values. New gauges are made.
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
                $0.gauge(descriptor, labels: $0.store(LabelSet(names)))
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
                return $0.gauge(families.trainingMetric, labels: $0.store(LabelSet(labels)))
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

    /// Adds the values of one feature to `changes`. A feature beyond the limit is dropped and counted.
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
                $0.gauge(descriptor, labels: $0.store(LabelSet(names + [("feature", name)])))
            }
            if let gauge { changes.append((gauge, value)) }
        }
    }
}

extension MetricDescriptor {
    /// The prefix of the keys of its series in a `HandleMap`.
    var key: [UInt8] { Array(family.name.utf8) + [0xFF] }
}

extension TrainingEvent: AppliedEvent {
    static func events(in batch: borrowing Batch) -> [TrainingEvent] { batch.trainings }

    func reserve(
        at place: Int, in models: Models, batch: borrowing Batch, reservation: inout Reservation
    ) -> Refusal? {
        guard let model = models.model(scope, batch: batch, reservation: &reservation) else {
            return .limit(reservation.targets[scope].refusal ?? .seriesLimit)
        }
        var dropped = reservation.droppedFeatures(ofTraining: place)
        let refusal = model.withFacts { facts in
            facts.trainings.reserve(
                self, batch: batch, of: model.name, in: &facts.store, budget: models.budget,
                dropped: &dropped
            ).map(Refusal.limit)
        }
        if refusal == nil { reservation.drop(dropped.names, ofTraining: place) }
        return refusal
    }

    func apply(
        at place: Int, to models: Models, batch: borrowing Batch,
        reservation: borrowing Reservation
    ) {
        let now = reservation.context.unixSeconds
        guard let model = reservation.targets[scope].model else { return }
        let dropped = reservation.droppedFeatures(ofTraining: place)
        let hasSucceeded = model.withFacts { facts in
            facts.isUsed = true
            return facts.trainings.apply(
                self, batch: batch, of: model.name, in: &facts.store, budget: models.budget,
                dropped: dropped, now: now)
        }
        if hasSucceeded { model.restartObservations() }
    }
}
