internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The load that the producers of one variant report: gauges that are summed over the producers
/// whose lease has not ended, the use of the cache as their maximum. Guarded by the version's lock.
struct ProducerStates {
    private struct Entry {
        var lease: Leases.Lease
        /// NaN until it is reported.
        var inFlight = Double.nan
        var queueLength = Double.nan
        var cacheUsage = Double.nan
    }

    /// Each counts as a series of the budget, because each takes memory.
    private var entries: [Entry] = []
    private var gauges: (inFlight: Gauge, queued: Gauge)?
    /// Made with the first value: only language models have the cache.
    private var cacheGauge: Gauge?

    init() {}

    func write(to record: inout ByteWriter) {
        record.write(optional: gauges) { gauges, record in
            record.write(gauges.inFlight)
            record.write(gauges.queued)
        }
        record.write(count: entries.count)
        for entry in entries {
            record.write(entry.lease.producer)
            record.write(entry.inFlight)
            record.write(entry.queueLength)
            record.write(entry.cacheUsage)
        }
        record.write(optional: cacheGauge) { $1.write($0) }
    }

    /// Each producer gets a new lease of full length: the daemon cannot know when the old one would
    /// have ended.
    init(
        _ record: inout ByteReader, form: UInt64, in store: inout SeriesStore, leases: Leases,
        now: UInt64
    ) {
        if record.flag() { gauges = (store.gauge(&record), store.gauge(&record)) }
        for _ in 0..<record.count() {
            let producer = record.number()
            let inFlight = record.double()
            let queueLength = record.double()
            let cacheUsage = form > 1 ? record.double() : .nan
            if let lease = leases.start(producer, now: now, checksLimit: false) {
                entries.append(
                    Entry(
                        lease: lease, inFlight: inFlight, queueLength: queueLength,
                        cacheUsage: cacheUsage))
            } else {
                store.release(1)
            }
        }
        if form > 1, record.flag() { cacheGauge = store.gauge(&record) }
    }

    /// Makes the gauges and the producer's entry. Returns the limit that is reached, or nil.
    mutating func reserve(
        _ lease: Leases.Lease, reportsCache: Bool, in store: inout SeriesStore, labels: Labels
    ) -> DropReason? {
        if gauges == nil {
            if let refusal = store.reserve(2) { return refusal }
            gauges = (
                store.gauge(Families.all.inFlight, labels: labels),
                store.gauge(Families.all.queued, labels: labels)
            )
        }
        if reportsCache, cacheGauge == nil {
            if let refusal = store.reserve(1) { return refusal }
            cacheGauge = store.gauge(Families.all.cacheUsage, labels: labels)
        }
        if let place = entries.firstIndex(where: { $0.lease.producer == lease.producer }) {
            if entries[place].lease != lease { entries[place] = Entry(lease: lease) }
            return nil
        }
        if let refusal = store.take(1) { return refusal }
        entries.append(Entry(lease: lease))
        return nil
    }

    /// Sets the producer's numbers. NaN leaves a number unchanged.
    mutating func set(_ state: StateEvent, from producer: UInt64) {
        guard let place = entries.firstIndex(where: { $0.lease.producer == producer }) else {
            return
        }
        if !state.inFlight.isNaN { entries[place].inFlight = state.inFlight }
        if !state.queueLength.isNaN { entries[place].queueLength = state.queueLength }
        if !state.cacheUsage.isNaN { entries[place].cacheUsage = state.cacheUsage }
    }

    /// Removes the producers whose lease has ended and sets the gauges to the sums of the others.
    mutating func settle(in store: inout SeriesStore, leases: Leases, now: UInt64) {
        guard let gauges else { return }
        let count = entries.count
        entries.removeAll { !leases.isAlive($0.lease, now: now) }
        if entries.count < count { store.release(count - entries.count) }
        ProducerStates.set(gauges.inFlight, values: entries.lazy.map(\.inFlight), in: &store)
        ProducerStates.set(gauges.queued, values: entries.lazy.map(\.queueLength), in: &store)
        guard let cacheGauge else { return }
        if let usage = entries.lazy.map(\.cacheUsage).filter({ !$0.isNaN }).max() {
            store.set(cacheGauge, value: usage)
        } else {
            store.hide(cacheGauge)
        }
    }

    private static func set(
        _ gauge: Gauge, values: some Sequence<Double>, in store: inout SeriesStore
    ) {
        var sum = 0.0
        var isReported = false
        for value in values where !value.isNaN {
            sum += value
            isReported = true
        }
        if isReported { store.set(gauge, value: sum) } else { store.hide(gauge) }
    }
}

extension StateEvent: AppliedEvent {
    static func events(in batch: borrowing Batch) -> [StateEvent] { batch.states }

    func reserve(
        at place: Int, in models: Models, batch: borrowing Batch, reservation: inout Reservation
    ) -> Refusal? {
        let context = reservation.context
        guard
            let lease = models.leases.start(
                context.sender.number, now: context.time, checksLimit: models.budget.isBinding)
        else {
            return .limit(.leaseLimit)
        }
        return models.reserve(scope, batch: batch, reservation: &reservation) { series, store in
            series.states.reserve(
                lease, reportsCache: !cacheUsage.isNaN, in: &store, labels: series.labels)
        }
    }

    func apply(
        at place: Int, to models: Models, batch: borrowing Batch,
        reservation: borrowing Reservation
    ) {
        let producer = reservation.context.sender.number
        let target = reservation.targets[scope]
        target.version?.change(target.variant) { series, _ in
            series.states.set(self, from: producer)
        }
    }
}
