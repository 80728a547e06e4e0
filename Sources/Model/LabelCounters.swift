internal import Kernel
internal import Series
internal import Wire

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

    init(_ record: inout ByteReader, in store: borrowing SeriesStore) {
        if record.flag() { series = (store.counter(&record), store.gauge(&record)) }
    }

    /// Makes sure that there is a place.
    mutating func reserve(in store: inout SeriesStore, labels: Labels) -> DropReason? {
        if series != nil { return nil }
        if let refusal = store.reserve(2) { return refusal }
        series = (
            store.counter(Families.all.labelsReceived, labels: labels),
            store.gauge(Families.all.labelLast, labels: labels)
        )
        return nil
    }

    /// Counts one. `now` is in Unix seconds.
    func take(in store: inout SeriesStore, now: Double) {
        guard let series else { return }
        store.add(series.count)
        store.set(series.last, value: now)
    }
}
