internal import Series

/// Labels that have come: how many, and when the last one did.
struct Truths {
    private var series: (count: Counter, last: Gauge)?

    /// Counts one. `now` is in Unix seconds.
    mutating func take(
        in ledger: inout Ledger, _ labels: Labels, now: Double
    ) -> DropReason? {
        if series == nil {
            if let refusal = ledger.reserve(2) { return refusal }
            series = (
                ledger.counter(Families.all.labelsReceived, labels),
                ledger.gauge(Families.all.labelLast, labels)
            )
        }
        guard let series else { return nil }
        ledger.add(series.count)
        ledger.set(series.last, now)
        return nil
    }
}
