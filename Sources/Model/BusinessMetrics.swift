internal import Exposition
internal import Kernel
internal import Observation
internal import Series

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

    init(_ record: inout ByteReader, in ledger: borrowing SeriesStore) {
        gauges = HandleMap(&record) { ledger.gauge(&$0) }
        sums = HandleMap(&record) { ledger.sum(&$0) }
    }

    /// What is wrong with a metric.
    enum Problem {
        case noRoom(DropReason)
        case label(RejectionCode, String)
    }

    /// Makes sure that a metric has its places, or says what is wrong with it. `model` is empty when
    /// none was named.
    mutating func reserve(
        _ metric: MetricEvent, _ batch: borrowing Batch, of model: String,
        _ rules: ModelSettings.Rules,
        in ledger: inout SeriesStore
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
        var refusal: DropReason?
        _ = places(metric, labels(metric, batch, of: model, rules), in: &ledger, &refusal)
        return refusal.map(Problem.noRoom)
    }

    /// Takes a metric whose places are there.
    mutating func take(
        _ metric: MetricEvent, _ batch: borrowing Batch, of model: String,
        _ rules: ModelSettings.Rules,
        in ledger: inout SeriesStore
    ) {
        var refusal: DropReason?
        let places = places(metric, labels(metric, batch, of: model, rules), in: &ledger, &refusal)
        if let target = places.target { ledger.set(target, metric.target) }
        if let value = places.value { ledger.set(value, metric.value) }
        if let gain = places.gain, let loss = places.loss {
            ledger.show(gain)
            ledger.show(loss)
            ledger.add(metric.value < 0 ? loss : gain, abs(metric.value))
        }
    }

    /// The labels of a metric. The unit is one where the configuration allows it.
    private func labels(
        _ metric: MetricEvent, _ batch: borrowing Batch, of model: String,
        _ rules: ModelSettings.Rules
    ) -> LabelSet {
        var labels = [("kpi", batch.bytes(metric.name).string)]
        if !model.isEmpty { labels.append(("model", model)) }
        for place in metric.labels {
            let label = batch.metricLabels[place]
            labels.append((batch.bytes(label.name).string, batch.bytes(label.value).string))
        }
        if !metric.unit.isNone, rules.businessLabels.contains("unit"),
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

    private mutating func places(
        _ metric: MetricEvent, _ labels: LabelSet, in ledger: inout SeriesStore,
        _ refusal: inout DropReason?
    ) -> Places {
        var places = Places()
        if !metric.target.isNaN {
            places.target = gauge(Families.all.businessTarget, labels, in: &ledger, &refusal)
        }
        if metric.value.isNaN { return places }
        switch metric.kind {
        case .gauge:
            places.value = gauge(Families.all.businessValue, labels, in: &ledger, &refusal)
        case .counter:
            places.gain = sum(Families.all.businessValueTotal, labels, in: &ledger, &refusal)
            places.loss = sum(Families.all.businessLossTotal, labels, in: &ledger, &refusal)
        }
        return places
    }

    private mutating func gauge(
        _ instrument: MetricDescriptor, _ labels: LabelSet, in ledger: inout SeriesStore,
        _ refusal: inout DropReason?
    ) -> Gauge? {
        gauges.handle(instrument.key + labels.bytes, in: &ledger, &refusal) {
            $0.gauge(instrument, $0.keep(labels))
        }
    }

    private mutating func sum(
        _ instrument: MetricDescriptor, _ labels: LabelSet, in ledger: inout SeriesStore,
        _ refusal: inout DropReason?
    ) -> FloatCounter? {
        sums.handle(instrument.key + labels.bytes, in: &ledger, &refusal) {
            $0.sum(instrument, $0.keep(labels))
        }
    }
}
