internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The business metrics of one model, or those without a model. Guarded by the model's lock.
struct BusinessMetrics {
    /// Labels that no settings can allow: the page's own, or Prometheus' own.
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

    /// Why the settings refuse the labels of a metric; nil if they do not.
    static func refusal(
        of metric: MetricEvent, batch: borrowing Batch, rules: ModelSettings.Rules
    ) -> Refusal? {
        for (place, number) in metric.labels.enumerated() {
            let name = batch.bytes(batch.metricLabels[number].name).string
            if BusinessMetrics.reserved.contains(name) || !rules.businessLabels.contains(name) {
                return .invalid(
                    .labelNotAllowed,
                    BusinessMetrics.sentence(name, allowed: rules.businessLabels))
            }
            for earlier in metric.labels.prefix(place)
            where batch.metricLabels[earlier].name == batch.metricLabels[number].name {
                return .invalid(.duplicateKey, "labels.\(name) is given twice")
            }
        }
        return nil
    }

    /// Makes the series of a metric. `model` is empty for a metric without a model; `hasUnit` is
    /// whether its unit is a label.
    mutating func reserve(
        _ metric: MetricEvent, batch: borrowing Batch, of model: String, hasUnit: Bool,
        in store: inout SeriesStore
    ) -> Refusal? {
        var refusal: DropReason?
        _ = slots(
            metric, labels: labels(metric, batch: batch, of: model, hasUnit: hasUnit), in: &store,
            refusal: &refusal)
        return refusal.map(Refusal.limit)
    }

    private static func sentence(_ name: String, allowed: Set<String>) -> String {
        let allowed = allowed.subtracting(reserved).sorted()
        let list = allowed.isEmpty ? "none" : allowed.joined(separator: ", ")
        return
            "labels.\(name) is not allowed: the settings file allows the labels \(list) (defaults.labels, models.NAME.labels)"
    }

    /// Applies a metric that was reserved.
    mutating func apply(
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

    /// The series of a metric; nil for the numbers that it lacks.
    private struct Slots {
        var target: Gauge?
        var value: Gauge?
        var gain: FloatCounter?
        var loss: FloatCounter?
    }

    private mutating func slots(
        _ metric: MetricEvent, labels: LabelSet, in store: inout SeriesStore,
        refusal: inout DropReason?
    ) -> Slots {
        var slots = Slots()
        if !metric.target.isNaN {
            slots.target = gauge(
                Families.all.businessTarget, labels: labels, in: &store, refusal: &refusal)
        }
        if metric.value.isNaN { return slots }
        switch metric.shape {
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
            $0.gauge(descriptor, labels: $0.store(labels))
        }
    }

    private mutating func sum(
        _ descriptor: MetricDescriptor, labels: LabelSet, in store: inout SeriesStore,
        refusal: inout DropReason?
    ) -> FloatCounter? {
        sums.handle(descriptor.key + labels.bytes, in: &store, refusal: &refusal) {
            $0.sum(descriptor, labels: $0.store(labels))
        }
    }
}

extension MetricEvent: AppliedEvent {
    static func events(in batch: borrowing Batch) -> [MetricEvent] { batch.metrics }

    func reserve(
        at place: Int, in models: Models, batch: borrowing Batch, reservation: inout Reservation
    ) -> Refusal? {
        let model =
            scope < 0
            ? models.general : models.model(scope, batch: batch, reservation: &reservation)
        guard let model else { return .limit(reservation.targets[scope].refusal ?? .seriesLimit) }
        let origin = reservation.origin
        // A record has it; a new push and a record of format 1 take it from the settings.
        var hasUnit = reservation.hasUnitLabel(place)
        let refusal = model.withFacts { facts -> Refusal? in
            if origin != .record { hasUnit = facts.rules.businessLabels.contains("unit") }
            if origin == .push,
                let refusal = BusinessMetrics.refusal(of: self, batch: batch, rules: facts.rules)
            {
                return refusal
            }
            return facts.business.reserve(
                self, batch: batch, of: model.name, hasUnit: hasUnit, in: &facts.store)
        }
        if hasUnit, !unit.isNone { reservation.setUnitLabel(place) }
        return refusal
    }

    func apply(
        at place: Int, to models: Models, batch: borrowing Batch,
        reservation: borrowing Reservation
    ) {
        let model = scope < 0 ? models.general : reservation.targets[scope].model
        guard let model else { return }
        let hasUnit = reservation.hasUnitLabel(place)
        model.withFacts { facts in
            facts.isUsed = true
            facts.business.apply(
                self, batch: batch, of: model.name, hasUnit: hasUnit, in: &facts.store)
        }
    }
}
