internal import Kernel
internal import Series

/// Labels that have come: how many, and when the last one did.
struct LabelCounters {
    private var series: (count: Counter, last: Gauge)?

    init() {}

    func write(to record: inout ByteWriter) {
        record.write(optional: series) { series, record in
            record.write(series.count)
            record.write(series.last)
        }
    }

    init(_ record: inout ByteReader, in ledger: borrowing SeriesStore) {
        if record.flag() { series = (ledger.counter(&record), ledger.gauge(&record)) }
    }

    /// Makes sure that there is a place.
    mutating func reserve(in ledger: inout SeriesStore, _ labels: Labels) -> DropReason? {
        if series != nil { return nil }
        if let refusal = ledger.reserve(2) { return refusal }
        series = (
            ledger.counter(Families.all.labelsReceived, labels),
            ledger.gauge(Families.all.labelLast, labels)
        )
        return nil
    }

    /// Counts one. `now` is in Unix seconds.
    func take(in ledger: inout SeriesStore, now: Double) {
        guard let series else { return }
        ledger.add(series.count)
        ledger.set(series.last, now)
    }
}
