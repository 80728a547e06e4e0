internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization

/// A process that pushes over the Unix socket: what it uses, and for which models it speaks.
final class ProducerProcess: Sendable {
    let process: Sender.Process
    private let record: LockedValue<Record>

    /// What the lock guards.
    private struct Record: ~Copyable {
        var store: SeriesStore
        let cpu: FloatCounter
        let memory, threads, files: Gauge
        let read, written: Counter
        /// The versions that it has pushed for.
        var models: [(version: ModelVersion, info: Info)] = []
    }

    /// Nil when there is no room; `refusal` then says why.
    init?(_ process: Sender.Process, budget: SeriesBudget, refusal: inout DropReason?) {
        let families = Families.all
        var store = SeriesStore(families.descriptors, budget: budget)
        refusal = store.reserve(6)
        if refusal != nil { return nil }
        let labels = store.keep(LabelSet([("pid", "\(process.pid)")]))
        let cpu = store.sum(families.processCPU, labels: labels)
        let memory = store.gauge(families.processMemory, labels: labels)
        let threads = store.gauge(families.processThreads, labels: labels)
        let files = store.gauge(families.processFiles, labels: labels)
        let read = store.counter(families.processRead, labels: labels)
        let written = store.counter(families.processWritten, labels: labels)
        self.process = process
        record = LockedValue(
            Record(
                store: store, cpu: cpu, memory: memory, threads: threads, files: files,
                read: read, written: written))
    }

    /// Notes that it pushes for a version. Returns why that could not be noted.
    func note(_ version: ModelVersion) -> DropReason? {
        record.withLock { record in
            if record.models.contains(where: { $0.version === version }) { return nil }
            if let refusal = record.store.reserve(1) { return refusal }
            let info = record.store.info(Families.all.processModel)
            record.store.describe(
                info,
                labels: LabelSet([
                    ("pid", "\(process.pid)"), ("model", version.owner.name),
                    ("version", version.version),
                ]))
            record.models.append((version, info))
            return nil
        }
    }

    /// Puts what it uses into a page's harvest.
    func give(_ usage: ProcessUsage, to snapshot: inout StoreSnapshot) {
        record.withLock { record in
            record.store.set(record.cpu, to: usage.cpuSeconds)
            record.store.set(record.memory, value: Double(usage.residentBytes))
            record.store.set(record.threads, value: Double(usage.threads))
            if let count = usage.openFiles {
                record.store.set(record.files, value: Double(count))
            } else {
                record.store.hide(record.files)
            }
            Self.set(record.read, value: usage.readBytes, in: &record.store)
            Self.set(record.written, value: usage.writtenBytes, in: &record.store)
            for (version, info) in record.models
            where version.isRetired.load(ordering: .relaxed) {
                record.store.hide(info)
            }
            snapshot.take(record.store)
        }
    }

    private static func set(_ counter: Counter, value: UInt64?, in store: inout SeriesStore) {
        if let value { store.set(counter, to: value) } else { store.hide(counter) }
    }
}
