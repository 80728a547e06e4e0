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
        var ledger: SeriesStore
        let cpu: FloatCounter
        let memory, threads, files: Gauge
        let read, written: Counter
        /// The versions that it has pushed for.
        var models: [(version: ModelVersion, info: Info)] = []
    }

    /// Nil when there is no room; `refusal` then says why.
    init?(_ process: Sender.Process, _ budget: SeriesBudget, refusal: inout DropReason?) {
        let families = Families.all
        var ledger = SeriesStore(families.catalogue, budget)
        refusal = ledger.reserve(6)
        if refusal != nil { return nil }
        let labels = ledger.keep(LabelSet([("pid", "\(process.pid)")]))
        let cpu = ledger.sum(families.processCPU, labels)
        let memory = ledger.gauge(families.processMemory, labels)
        let threads = ledger.gauge(families.processThreads, labels)
        let files = ledger.gauge(families.processFiles, labels)
        let read = ledger.counter(families.processRead, labels)
        let written = ledger.counter(families.processWritten, labels)
        self.process = process
        record = LockedValue(
            Record(
                ledger: ledger, cpu: cpu, memory: memory, threads: threads, files: files,
                read: read, written: written))
    }

    /// Notes that it pushes for a version. Returns why that could not be noted.
    func note(_ version: ModelVersion) -> DropReason? {
        record.withLock { record in
            if record.models.contains(where: { $0.version === version }) { return nil }
            if let refusal = record.ledger.reserve(1) { return refusal }
            let info = record.ledger.info(Families.all.processModel)
            record.ledger.describe(
                info,
                LabelSet([
                    ("pid", "\(process.pid)"), ("model", version.owner.name),
                    ("version", version.version),
                ]))
            record.models.append((version, info))
            return nil
        }
    }

    /// Puts what it uses into a page's harvest.
    func give(_ usage: ProcessUsage, to harvest: inout StoreSnapshot) {
        record.withLock { record in
            record.ledger.set(record.cpu, to: usage.cpuSeconds)
            record.ledger.set(record.memory, Double(usage.residentBytes))
            record.ledger.set(record.threads, Double(usage.threads))
            if let count = usage.openFiles {
                record.ledger.set(record.files, Double(count))
            } else {
                record.ledger.hide(record.files)
            }
            Self.set(record.read, usage.readBytes, in: &record.ledger)
            Self.set(record.written, usage.writtenBytes, in: &record.ledger)
            for (version, info) in record.models
            where version.isRetired.load(ordering: .relaxed) {
                record.ledger.hide(info)
            }
            harvest.take(record.ledger)
        }
    }

    private static func set(_ counter: Counter, _ value: UInt64?, in ledger: inout SeriesStore) {
        if let value { ledger.set(counter, to: value) } else { ledger.hide(counter) }
    }
}
