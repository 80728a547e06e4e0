internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The number of labels received, and the time of the last one. Guarded by the lock of the version
/// or the model that it belongs to.
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

    /// Makes the series. Returns the limit that is reached, or nil.
    mutating func reserve(in store: inout SeriesStore, labels: Labels) -> DropReason? {
        if series != nil { return nil }
        if let refusal = store.reserve(2) { return refusal }
        series = (
            store.counter(Families.all.labelsReceived, labels: labels),
            store.gauge(Families.all.labelLast, labels: labels)
        )
        return nil
    }

    /// Counts one label. `now` is in Unix seconds.
    func count(in store: inout SeriesStore, now: Double) {
        guard let series else { return }
        store.add(series.count)
        store.set(series.last, value: now)
    }
}

extension LabelEvent: AppliedEvent {
    static func events(in batch: borrowing Batch) -> [LabelEvent] { batch.labels }

    func reserve(
        at place: Int, in models: Models, batch: borrowing Batch, reservation: inout Reservation
    ) -> Refusal? {
        if batch.scopes[scope].version.isNone {
            guard let model = models.model(scope, batch: batch, reservation: &reservation) else {
                return .limit(reservation.targets[scope].refusal ?? .seriesLimit)
            }
            return model.withFacts { facts in
                guard let labels = facts.labels else { return nil }
                return facts.labelCounters.reserve(in: &facts.store, labels: labels)
                    .map(Refusal.limit)
            }
        }
        return models.reserve(scope, batch: batch, reservation: &reservation) { series, store in
            series.labelCounters.reserve(in: &store, labels: series.labels)
        }
    }

    func apply(
        at place: Int, to models: Models, batch: borrowing Batch,
        reservation: borrowing Reservation
    ) {
        let now = reservation.context.unixSeconds
        let target = reservation.targets[scope]
        if batch.scopes[scope].version.isNone {
            target.model?.withFacts { facts in
                facts.isUsed = true
                facts.labelCounters.count(in: &facts.store, now: now)
            }
        } else {
            target.version?.change(target.variant) { series, store in
                series.labelCounters.count(in: &store, now: now)
            }
        }
    }
}
