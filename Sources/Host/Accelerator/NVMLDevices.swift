internal import CNVML
internal import Glibc
internal import Kernel
internal import Synchronization

/// The NVIDIA devices of the machine. They are listed again once a minute, so that a driver that
/// came later, another partitioning or a device that was lost and reset shows without a restart.
struct NVMLDevices: ~Copyable {
    static let listingPeriod = Duration.seconds(60)
    /// Devices beyond this many are not listed.
    static var deviceLimit: UInt32 { 64 }

    /// What dlopen(3) finds when no path was given.
    static let standardPath = "libnvidia-ml.so.1"

    private let path: String
    private let proc: Root
    private var library: NVML?
    private var devices: [NVMLDevice] = []
    private var sampler: PCIeSampler?
    private var traffic: [String: PCIeTraffic] = [:]
    private var nextListing: UInt64 = 0
    private var mustReopen = false
    private var failure: KernelError?
    private var fields: [cnvml_field]
    private var processes = [cnvml_process](
        repeating: cnvml_process(), count: cnvml_process_limit)
    private var pods: PodResources?
    private var processKey: [UInt8] = []
    private var shownProcesses: [UInt32] = []
    /// Devices that were there and fell off the bus.
    private(set) var lostDevices: UInt64 = 0
    /// Calls that failed with a transient error.
    private(set) var failedCalls: UInt64 = 0

    /// `isExtended` adds the queries for the metrics of dcgm-exporter.
    init(path: String, proc: Root, isExtended: Bool, podResources: String?) {
        self.path = path
        self.proc = proc
        pods = podResources.map { PodResources(socket: $0) }
        fields =
            isExtended
            ? NVMLReading.fields
            : Array(NVMLReading.fields.prefix(NVMLReading.fieldsAlways))
    }

    deinit {
        sampler?.end()
    }

    /// NVML is there and works.
    var isPresent: Bool { library != nil }

    /// Reads every device into its rows. Throws when there is a driver that NVML cannot use or that has
    /// no library, when the library that a flag names is missing, or when kubelet does not answer.
    mutating func collect(
        into rows: inout AcceleratorRows, dcgm: inout DCGMRows?
    ) throws(KernelError) {
        let now = Clock.monotonicNanoseconds
        if now >= nextListing {
            list()
            nextListing = now &+ NVMLDevices.listingPeriod.nanoseconds
        }
        if let library {
            pods?.refresh()
            read(library, into: &rows, dcgm: &dcgm)
        }
        if let failure = failure ?? pods?.failure { throw failure }
    }

    private mutating func list() {
        if mustReopen { close() }
        mustReopen = false
        failure = nil
        if library == nil { open() }
        guard let library else { return }
        let count: UInt32
        do throws(NVMLError) {
            count = min(try library.deviceCount(), NVMLDevices.deviceLimit)
        } catch {
            failure = KernelError.nvml("nvmlDeviceGetCount: code \(error.code)")
            close()
            return
        }
        let version = library.driverVersion
        devices = (0..<count).compactMap {
            NVMLDevice(library, at: $0, driverVersion: version)
        }
        for index in devices.indices { devices[index].traffic = traffic[devices[index].uuid] }
        // Handles are those of before as long as the library stayed open; else they are new.
        if let sampler, !devices.allSatisfy({ $0.traffic == nil || sampler.samples($0.handle) }) {
            sampler.end()
            self.sampler = nil
        }
    }

    private mutating func open() {
        switch NVML.open(path) {
        case .opened(let opened): library = opened
        case .driverless(let reason):
            // A sandbox may hide the device files of a driver that is there.
            if isDriverLoaded {
                failure = .nvml("\(reason), yet the driver is loaded: is /dev/nvidiactl in reach?")
            }
        case .missing(let reason):
            // A container without NVIDIA's runtime, or a machine without the package of the library.
            if isDriverLoaded {
                failure = .nvml("\(reason), yet the NVIDIA driver is loaded")
            } else if path != NVMLDevices.standardPath {
                failure = .nvml(reason)
            }
        case .failed(let reason): failure = .nvml(reason)
        }
    }

    private var isDriverLoaded: Bool { proc.exists("driver/nvidia/version") }

    private mutating func close() {
        sampler?.end()
        sampler = nil
        devices = []
        library = nil
    }

    private mutating func read(
        _ library: NVML, into rows: inout AcceleratorRows, dcgm: inout DCGMRows?
    ) {
        var place = 0
        while place < devices.count {
            let reading = NVMLReading(library, ask: &devices[place].questions, fields: &fields)
            failedCalls &+= devices[place].questions.failures
            devices[place].questions.failures = 0
            guard var reading else {
                lostDevices &+= 1
                mustReopen = true
                devices.remove(at: place)
                continue
            }
            if reading.pcieReceived == nil { estimateTraffic(of: place, reading: &reading) }
            write(reading, of: place, library: library, into: &rows, dcgm: &dcgm)
            place += 1
        }
        startSampler(library)
    }

    private mutating func write(
        _ reading: NVMLReading, of place: Int, library: NVML,
        into rows: inout AcceleratorRows, dcgm: inout DCGMRows?
    ) {
        let device = devices[place]
        let holder = device.parts.isEmpty ? pods?.holder(of: device.assignedNames(part: nil)) : nil
        let (key, labels) = NVMLDevices.identity(device.key, labels: device.labels, holder: holder)
        guard let row = rows.row(key, labels: labels, names: device.names) else { return }
        reading.fill(&rows, row: row, hasParts: !device.parts.isEmpty)
        for part in device.parts {
            let memory = try? library.memory(of: part.handle)
            let holder = pods?.holder(of: device.assignedNames(part: part))
            let (key, labels) = NVMLDevices.identity(part.key, labels: part.labels, holder: holder)
            // A part that was taken away shows no more until the next listing.
            guard let memory, let row = rows.row(key, labels: labels, names: part.names) else {
                nextListing = 0
                continue
            }
            rows[row, .memoryUsed] = Double(memory.used)
            rows[row, .memoryTotal] = Double(memory.total)
            dcgm?.show(reading, memory: memory, of: device, part: part, holder: holder)
        }
        if device.parts.isEmpty {
            dcgm?.show(reading, memory: reading.memory, of: device, part: nil, holder: holder)
        }
        if device.parts.isEmpty { readProcesses(on: nil, of: place, library: library, into: &rows) }
        // A partitioned device lists the processes of all its parts only to root.
        for part in device.parts {
            readProcesses(on: part, of: place, library: library, into: &rows)
        }
    }

    /// A device that another pod got is another row: labels are rendered once per key.
    private static func identity(
        _ key: [UInt8], labels: [(name: String, value: String)], holder: PodResources.Holder?
    ) -> (key: [UInt8], labels: [(name: String, value: String)]) {
        guard let holder else { return (key, labels) }
        return (key + holder.key, labels + holder.labels)
    }

    private mutating func readProcesses(
        on part: NVMLDevice.Part?, of place: Int, library: NVML,
        into rows: inout AcceleratorRows
    ) {
        shownProcesses.removeAll(keepingCapacity: true)
        for kind: UInt32 in 0...1 {
            readProcesses(kind, on: part, of: place, library: library, into: &rows)
        }
    }

    private mutating func readProcesses(
        _ kind: UInt32, on part: NVMLDevice.Part?, of place: Int, library: NVML,
        into rows: inout AcceleratorRows
    ) {
        let handle = part?.handle ?? devices[place].handle
        // Another reference would make the append copy the array.
        var found = processes
        processes = []
        defer { processes = found }
        let count = devices[place].questions.answer(35 + UInt64(kind)) {
            () throws(NVMLError) in
            try library.list(kind, of: handle, into: &found)
        }
        let labels = part?.labels ?? devices[place].labels
        let prefix = part?.key ?? devices[place].key
        for process in found.prefix(count ?? 0) where process.memory != .max {
            // One that computes and draws is in both lists.
            if shownProcesses.contains(process.pid) { continue }
            shownProcesses.append(process.pid)
            processKey.removeAll(keepingCapacity: true)
            processKey += prefix
            for byte: UInt32 in 0..<4 {
                processKey.append(UInt8(truncatingIfNeeded: process.pid >> (8 * byte)))
            }
            rows.setProcess(processKey, memory: Double(process.memory)) {
                labels + [("pid", "\(process.pid)")]
            }
        }
    }

    private mutating func estimateTraffic(of place: Int, reading: inout NVMLReading) {
        guard let traffic = devices[place].traffic else {
            let traffic = self.traffic[devices[place].uuid] ?? PCIeTraffic()
            self.traffic[devices[place].uuid] = traffic
            devices[place].traffic = traffic
            return
        }
        if traffic.isKnown.load(ordering: .acquiring) {
            reading.pcieReceived = Double(traffic.receivedBytes.load(ordering: .relaxed))
            reading.pcieTransmitted = Double(traffic.transmittedBytes.load(ordering: .relaxed))
        }
    }

    /// Starts the thread for the devices whose traffic must be estimated, unless it runs.
    private mutating func startSampler(_ library: NVML) {
        if sampler != nil { return }
        let lines = devices.compactMap { device in
            device.traffic.map { PCIeSampler.Line(device: device.handle, traffic: $0) }
        }
        if lines.isEmpty { return }
        // Without a thread the estimate is missing; the next scrape tries again.
        sampler = try? PCIeSampler.start(library, lines: lines)
    }
}

extension KernelError {
    /// The failure of an NVML that is loaded but cannot be used.
    fileprivate static func nvml(_ reason: String) -> KernelError {
        KernelError(reason, subject: "NVML")
    }
}
