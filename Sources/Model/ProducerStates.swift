internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// What the producers of one variant do right now: gauges that are summed over those whose lease has
/// not ended. The version's lock guards it.
struct ProducerStates {
    private struct Entry {
        var lease: Leases.Lease
        /// NaN as long as it was not told.
        var inFlight = Double.nan
        var queueLength = Double.nan
    }

    /// Each takes the room of a series.
    private var entries: [Entry] = []
    private var gauges: (inFlight: Gauge, queued: Gauge)?

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
        }
    }

    /// Each producer's lease starts anew.
    init(
        _ record: inout ByteReader, in store: inout SeriesStore, leases: Leases, now: UInt64
    ) {
        if record.flag() { gauges = (store.gauge(&record), store.gauge(&record)) }
        for _ in 0..<record.count() {
            let producer = record.number()
            let inFlight = record.double()
            let queueLength = record.double()
            if let lease = leases.start(producer, now: now, checksLimit: false) {
                entries.append(
                    Entry(lease: lease, inFlight: inFlight, queueLength: queueLength))
            } else {
                store.release(1)
            }
        }
    }

    /// Makes sure that there is a place for what a producer says.
    mutating func reserve(
        _ lease: Leases.Lease, in store: inout SeriesStore, labels: Labels
    ) -> DropReason? {
        if gauges == nil {
            if let refusal = store.reserve(2) { return refusal }
            gauges = (
                store.gauge(Families.all.inFlight, labels: labels),
                store.gauge(Families.all.queued, labels: labels)
            )
        }
        if let place = entries.firstIndex(where: { $0.lease.producer == lease.producer }) {
            if entries[place].lease != lease { entries[place] = Entry(lease: lease) }
            return nil
        }
        if let refusal = store.hold(1) { return refusal }
        entries.append(Entry(lease: lease))
        return nil
    }

    /// Takes what a producer says. Numbers that are NaN stay what they were.
    mutating func take(_ state: StateEvent, from producer: UInt64) {
        guard let place = entries.firstIndex(where: { $0.lease.producer == producer }) else {
            return
        }
        if !state.inFlight.isNaN { entries[place].inFlight = state.inFlight }
        if !state.queueLength.isNaN { entries[place].queueLength = state.queueLength }
    }

    /// Forgets the producers that are gone and sets the gauges to the sums of the others.
    mutating func settle(in store: inout SeriesStore, leases: Leases, now: UInt64) {
        guard let gauges else { return }
        let count = entries.count
        entries.removeAll { !leases.isAlive($0.lease, now: now) }
        if entries.count < count { store.release(count - entries.count) }
        ProducerStates.set(gauges.inFlight, values: entries.lazy.map(\.inFlight), in: &store)
        ProducerStates.set(gauges.queued, values: entries.lazy.map(\.queueLength), in: &store)
    }

    private static func set(
        _ gauge: Gauge, values: some Sequence<Double>, in store: inout SeriesStore
    ) {
        var sum = 0.0
        var isTold = false
        for value in values where !value.isNaN {
            sum += value
            isTold = true
        }
        if isTold { store.set(gauge, value: sum) } else { store.hide(gauge) }
    }
}
