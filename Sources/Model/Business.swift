internal import Exposition
internal import Kernel
internal import Observation
internal import Series

/// The numbers of the business that belong to one model, or to none. The model's lock guards it.
struct Business {
    /// Labels that no configuration allows: they are the page's own, or Prometheus' own.
    private static let reserved: Set<String> = [
        "model", "version", "variant", "kpi", "job", "instance", "le", "quantile",
    ]

    private var gauges = Keyed<Gauge>()
    private var sums = Keyed<Sum>()

    /// What is wrong with a metric.
    enum Problem {
        case noRoom(DropReason)
        case label(RejectionCode, String)
    }

    /// Takes a metric, whole or not at all. `model` is empty when none was named.
    mutating func take(
        _ metric: Metric, _ batch: borrowing Batch, of model: String, _ rules: ModelSettings.Rules,
        in ledger: inout Ledger
    ) -> Problem? {
        var labels = [("kpi", batch.bytes(metric.name).string)]
        if !model.isEmpty { labels.append(("model", model)) }
        for place in metric.labels {
            let label = batch.metricLabels[place]
            let name = batch.bytes(label.name).string
            if Business.reserved.contains(name) || !rules.businessLabels.contains(name) {
                return .label(
                    .labelNotAllowed, "the configuration allows no label `\(name)` here")
            }
            if labels.contains(where: { $0.0 == name }) {
                return .label(.duplicateKey, "the label `\(name)` stands there twice")
            }
            labels.append((name, batch.bytes(label.value).string))
        }
        if !metric.unit.isNone, rules.businessLabels.contains("unit"),
            !labels.contains(where: { $0.0 == "unit" })
        {
            labels.append(("unit", batch.bytes(metric.unit).string))
        }
        let set = LabelSet(labels)
        var refusal: DropReason?
        var target: Gauge?
        if !metric.target.isNaN {
            target = gauge(Families.all.businessTarget, set, in: &ledger, &refusal)
        }
        if !metric.value.isNaN, refusal == nil {
            switch metric.kind {
            case .gauge:
                let value = gauge(Families.all.businessValue, set, in: &ledger, &refusal)
                if let value, refusal == nil { ledger.set(value, metric.value) }
            case .counter:
                let gain = sum(Families.all.businessValueTotal, set, in: &ledger, &refusal)
                let loss = sum(Families.all.businessLossTotal, set, in: &ledger, &refusal)
                if let gain, let loss {
                    ledger.show(gain)
                    ledger.show(loss)
                    ledger.add(metric.value < 0 ? loss : gain, abs(metric.value))
                }
            }
        }
        if let refusal { return .noRoom(refusal) }
        if let target { ledger.set(target, metric.target) }
        return nil
    }

    private mutating func gauge(
        _ instrument: Instrument, _ labels: LabelSet, in ledger: inout Ledger,
        _ refusal: inout DropReason?
    ) -> Gauge? {
        gauges.handle(instrument.key + labels.bytes, in: &ledger, &refusal) {
            $0.gauge(instrument, $0.keep(labels))
        }
    }

    private mutating func sum(
        _ instrument: Instrument, _ labels: LabelSet, in ledger: inout Ledger,
        _ refusal: inout DropReason?
    ) -> Sum? {
        sums.handle(instrument.key + labels.bytes, in: &ledger, &refusal) {
            $0.sum(instrument, $0.keep(labels))
        }
    }
}
