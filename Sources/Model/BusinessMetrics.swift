internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The numbers of the business that belong to one model, or to none. The model's lock guards it.
struct BusinessMetrics {
    /// Labels that no configuration allows: they are the page's own, or Prometheus' own.
    private static let reserved: Set<String> = [
        "model", "version", "variant", "kpi", "job", "instance", "le", "quantile",
    ]

    private var gauges = HandleMap<Gauge>()
    private var sums = HandleMap<FloatCounter>()

    init() {}

    func write(to record: inout ByteWriter) {
        gauges.write(to: &record) { $1.write($0) }
        sums.write(to: &record) { $1.write($0) }
    }

    init(_ record: inout ByteReader, in store: borrowing SeriesStore) {
        gauges = HandleMap(&record) { store.gauge(&$0) }
        sums = HandleMap(&record) { store.sum(&$0) }
    }

    /// What is wrong with a metric.
    enum Problem {
        case noRoom(DropReason)
        case label(RejectionCode, String)
    }

    /// Why the rules refuse the labels of a metric; nil if they do not.
    static func problem(
        with metric: MetricEvent, batch: borrowing Batch, rules: ModelSettings.Rules
    ) -> Problem? {
        for (place, number) in metric.labels.enumerated() {
            let name = batch.bytes(batch.metricLabels[number].name).string
            if BusinessMetrics.reserved.contains(name) || !rules.businessLabels.contains(name) {
                return .label(
                    .labelNotAllowed, "the configuration allows no label `\(name)` here")
            }
            for earlier in metric.labels.prefix(place)
            where batch.metricLabels[earlier].name == batch.metricLabels[number].name {
                return .label(.duplicateKey, "the label `\(name)` stands there twice")
            }
        }
        return nil
    }

    /// Reserves the series of a metric. `model` is empty if the metric names none; `hasUnit` says
    /// whether its unit is a label.
    mutating func reserve(
        _ metric: MetricEvent, batch: borrowing Batch, of model: String, hasUnit: Bool,
        in store: inout SeriesStore
    ) -> Problem? {
        var refusal: DropReason?
        _ = slots(
            metric, labels: labels(metric, batch: batch, of: model, hasUnit: hasUnit), in: &store,
            refusal: &refusal)
        return refusal.map(Problem.noRoom)
    }

    /// Takes a metric whose places are there.
    mutating func take(
        _ metric: MetricEvent, batch: borrowing Batch, of model: String, hasUnit: Bool,
        in store: inout SeriesStore
    ) {
        var refusal: DropReason?
        let slots = slots(
            metric, labels: labels(metric, batch: batch, of: model, hasUnit: hasUnit), in: &store,
            refusal: &refusal)
        if let target = slots.target { store.set(target, value: metric.target) }
        if let value = slots.value { store.set(value, value: metric.value) }
        if let gain = slots.gain, let loss = slots.loss {
            store.show(gain)
            store.show(loss)
            store.add(metric.value < 0 ? loss : gain, amount: abs(metric.value))
        }
    }

    private func labels(
        _ metric: MetricEvent, batch: borrowing Batch, of model: String, hasUnit: Bool
    ) -> LabelSet {
        var labels = [("kpi", batch.bytes(metric.name).string)]
        if !model.isEmpty { labels.append(("model", model)) }
        for place in metric.labels {
            let label = batch.metricLabels[place]
            labels.append((batch.bytes(label.name).string, batch.bytes(label.value).string))
        }
        if !metric.unit.isNone, hasUnit,
            !labels.contains(where: { $0.0 == "unit" })
        {
            labels.append(("unit", batch.bytes(metric.unit).string))
        }
        return LabelSet(labels)
    }

    /// Where the numbers of a metric go; those that it lacks have no place.
    private struct Places {
        var target: Gauge?
        var value: Gauge?
        var gain: FloatCounter?
        var loss: FloatCounter?
    }

    private mutating func slots(
        _ metric: MetricEvent, labels: LabelSet, in store: inout SeriesStore,
        refusal: inout DropReason?
    ) -> Places {
        var slots = Places()
        if !metric.target.isNaN {
            slots.target = gauge(
                Families.all.businessTarget, labels: labels, in: &store, refusal: &refusal)
        }
        if metric.value.isNaN { return slots }
        switch metric.kind {
        case .gauge:
            slots.value = gauge(
                Families.all.businessValue, labels: labels, in: &store, refusal: &refusal)
        case .counter:
            slots.gain = sum(
                Families.all.businessValueTotal, labels: labels, in: &store, refusal: &refusal)
            slots.loss = sum(
                Families.all.businessLossTotal, labels: labels, in: &store, refusal: &refusal)
        }
        return slots
    }

    private mutating func gauge(
        _ descriptor: MetricDescriptor, labels: LabelSet, in store: inout SeriesStore,
        refusal: inout DropReason?
    ) -> Gauge? {
        gauges.handle(descriptor.key + labels.bytes, in: &store, refusal: &refusal) {
            $0.gauge(descriptor, labels: $0.keep(labels))
        }
    }

    private mutating func sum(
        _ descriptor: MetricDescriptor, labels: LabelSet, in store: inout SeriesStore,
        refusal: inout DropReason?
    ) -> FloatCounter? {
        sums.handle(descriptor.key + labels.bytes, in: &store, refusal: &refusal) {
            $0.sum(descriptor, labels: $0.keep(labels))
        }
    }
}
