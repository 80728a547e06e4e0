internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization

/// A process that pushes over the Unix socket: its usage, and the versions that it pushes for.
final class ProducerProcess: Sendable {
    let process: Sender.Process
    private let contents: LockedValue<Contents>

    /// Producer ids of one process whose state ends with it; a process normally has one.
    private static let maximumProducers = 64

    /// Guarded by the lock.
    private struct Contents: ~Copyable {
        var store: SeriesStore
        let cpu: FloatCounter
        let memory, threads, files: Gauge
        let read, written: Counter
        /// The versions that it has pushed for, without those that are retired.
        var models: [(version: ModelVersion, info: Info)] = []
        /// The numbers under which it has pushed.
        var producers: Set<UInt64> = []
    }

    /// Nil if a limit is reached; `refusal` is the limit.
    init?(_ process: Sender.Process, budget: SeriesBudget, refusal: inout DropReason?) {
        let families = Families.all
        var store = SeriesStore(families.descriptors, budget: budget)
        refusal = store.reserve(6)
        if refusal != nil { return nil }
        let labels = store.store(LabelSet([("pid", "\(process.pid)")]))
        let cpu = store.sum(families.processCPU, labels: labels)
        let memory = store.gauge(families.processMemory, labels: labels)
        let threads = store.gauge(families.processThreads, labels: labels)
        let files = store.gauge(families.processFiles, labels: labels)
        let read = store.counter(families.processRead, labels: labels)
        let written = store.counter(families.processWritten, labels: labels)
        self.process = process
        contents = LockedValue(
            Contents(
                store: store, cpu: cpu, memory: memory, threads: threads, files: files,
                read: read, written: written))
    }

    /// Records that a producer in the process pushes for a version. Returns the limit that is
    /// reached, or nil.
    func add(_ version: ModelVersion, producer: UInt64) -> DropReason? {
        contents.withLock { contents in
            if contents.producers.count < ProducerProcess.maximumProducers {
                contents.producers.insert(producer)
            }
            if contents.models.contains(where: { $0.version === version }) { return nil }
            if let refusal = contents.store.reserve(1) { return refusal }
            let info = contents.store.info(Families.all.processModel)
            contents.store.describe(
                info,
                labels: LabelSet([
                    ("pid", "\(process.pid)"), ("model", version.owner.name),
                    ("version", version.version),
                ]))
            contents.models.append((version, info))
            return nil
        }
    }

    /// The numbers of the producers in the process.
    var producers: Set<UInt64> { contents.withLock { $0.producers } }

    /// Removes the versions that are retired.
    func removeRetired() {
        contents.withLock { contents in
            for (version, info) in contents.models
            where version.isRetired.load(ordering: .relaxed) {
                contents.store.remove(info)
            }
            contents.models.removeAll { $0.version.isRetired.load(ordering: .relaxed) }
        }
    }

    /// Adds the current numbers to a page.
    func add(_ usage: ProcessUsage, to snapshot: inout StoreSnapshot) {
        contents.withLock { contents in
            contents.store.set(contents.cpu, to: usage.cpuSeconds)
            contents.store.set(contents.memory, value: Double(usage.residentBytes))
            contents.store.set(contents.threads, value: Double(usage.threads))
            if let count = usage.openFiles {
                contents.store.set(contents.files, value: Double(count))
            } else {
                contents.store.hide(contents.files)
            }
            Self.set(contents.read, value: usage.readBytes, in: &contents.store)
            Self.set(contents.written, value: usage.writtenBytes, in: &contents.store)
            snapshot.add(contents.store)
        }
    }

    private static func set(_ counter: Counter, value: UInt64?, in store: inout SeriesStore) {
        if let value { store.set(counter, to: value) } else { store.hide(counter) }
    }
}
