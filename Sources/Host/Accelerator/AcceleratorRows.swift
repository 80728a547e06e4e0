internal import Exposition
internal import Kernel

/// The families `ml_gpu_*`: a row per device of any vendor, or per part of a partitioned one.
struct AcceleratorRows: ~Copyable {
    /// The cells of a row.
    enum Column: Int, CaseIterable {
        case utilization, memoryUtilization, memoryUsed, memoryTotal, temperature, power,
            powerLimit, energy, clockGraphics, clockSM, clockMemory, clockVideo, pcieReceived,
            pcieTransmitted, nvlinkReceived, nvlinkTransmitted, eccCorrected, eccUncorrected, idle,
            firstThrottle
    }

    /// The reasons for which clocks are throttled, with their bits in NVML. Idleness is not one of
    /// them.
    static let throttleReasons: [(name: String, bit: UInt64)] = [
        ("applications_clocks_setting", 0x2), ("sw_power_cap", 0x4), ("hw_slowdown", 0x8),
        ("sync_boost", 0x10), ("sw_thermal_slowdown", 0x20), ("hw_thermal_slowdown", 0x40),
        ("hw_power_brake_slowdown", 0x80), ("display_clock_setting", 0x100),
    ]

    /// A device has at most 7 parts, a machine 16 devices; this is far beyond.
    static var deviceLimit: Int { 1024 }
    static var processLimit: Int { 4096 }

    private var about: SeriesTable
    private var devices: SeriesTable
    private var processes: SeriesTable
    private let refusedProcesses: UnlabelledMetric

    init() {
        about = SeriesTable(
            [
                SeriesTable.Column(
                    Family("ml_gpu_info", kind: .gauge, help: "A GPU, or a part of one: always 1."))
            ],
            rowLimit: AcceleratorRows.deviceLimit)
        devices = SeriesTable(AcceleratorRows.columns, rowLimit: AcceleratorRows.deviceLimit)
        processes = SeriesTable(
            [
                SeriesTable.Column(
                    Family(
                        "ml_gpu_process_memory_bytes", kind: .gauge,
                        help: "GPU memory used by a process."))
            ],
            rowLimit: AcceleratorRows.processLimit)
        refusedProcesses = UnlabelledMetric(
            "ml_gpu_processes_dropped_total", kind: .counter,
            help: "Processes on GPUs that were left out because there were too many.")
    }

    var isEmpty: Bool { devices.rowCount == 0 }

    mutating func begin() {
        about.begin()
        devices.begin()
        processes.begin()
    }

    /// The row of a device; nil if it has one already. `labels` identify it, `names` also describe
    /// it.
    mutating func row(
        _ key: [UInt8], labels: [(name: String, value: String)],
        names: [(name: String, value: String)]
    ) -> Int? {
        if let row = about.row(key.span, labels: { labels + names }) { about[row, 0] = 1 }
        return devices.row(key.span, labels: { labels })
    }

    subscript(row: Int, column: Column) -> Double {
        get { devices[row, column.rawValue] }
        set { devices[row, column.rawValue] = newValue }
    }

    /// Fills the cells of the throttle reasons.
    mutating func setThrottled(_ bits: UInt64, in row: Int) {
        for (offset, reason) in AcceleratorRows.throttleReasons.enumerated() {
            devices[row, Column.firstThrottle.rawValue + offset] = bits & reason.bit == 0 ? 0 : 1
        }
    }

    mutating func setProcess(
        _ key: [UInt8], memory: Double, labels: () -> [(name: String, value: String)]
    ) {
        if let row = processes.row(key.span, labels: labels) { processes[row, 0] = memory }
    }

    mutating func end() {
        about.end()
        devices.end()
        processes.end()
    }

    func write(to page: inout Page) {
        about.write(to: &page)
        devices.write(to: &page)
        processes.write(to: &page)
        if processes.refusedRows > 0 {
            page.single(refusedProcesses, value: Double(processes.refusedRows))
        }
    }

    private static var columns: [SeriesTable.Column] {
        let clock = Family(
            "ml_gpu_clock_hertz", kind: .gauge, help: "Frequency of a clock of the GPU.")
        let errors = Family(
            "ml_gpu_ecc_errors_total", kind: .counter,
            help: "ECC memory errors over the lifetime of the GPU.")
        let throttled = Family(
            "ml_gpu_throttled", kind: .gauge,
            help: "Whether the clocks of the GPU are throttled for this reason.")
        let columns = Column.allCases.dropLast().map { column in
            switch column {
            case .utilization:
                gauge("utilization_ratio", help: "Share of time in which the GPU was busy.")
            case .memoryUtilization:
                gauge(
                    "memory_utilization_ratio",
                    help: "Share of time in which the memory of the GPU was read or written.")
            case .memoryUsed:
                gauge("memory_used_bytes", help: "Memory of the GPU that is allocated.")
            case .memoryTotal: gauge("memory_total_bytes", help: "Memory of the GPU.")
            case .temperature: gauge("temperature_celsius", help: "Temperature of the GPU.")
            case .power: gauge("power_watts", help: "Power that the GPU draws.")
            case .powerLimit: gauge("power_limit_watts", help: "Power that the GPU may draw.")
            case .energy: counter("energy_joules_total", help: "Energy that the GPU has used.")
            case .clockGraphics: SeriesTable.Column(clock, labels: [("domain", "graphics")])
            case .clockSM: SeriesTable.Column(clock, labels: [("domain", "sm")])
            case .clockMemory: SeriesTable.Column(clock, labels: [("domain", "memory")])
            case .clockVideo: SeriesTable.Column(clock, labels: [("domain", "video")])
            case .pcieReceived:
                counter("pcie_received_bytes_total", help: "Bytes that the GPU received over PCIe.")
            case .pcieTransmitted:
                counter("pcie_transmitted_bytes_total", help: "Bytes that the GPU sent over PCIe.")
            case .nvlinkReceived:
                counter(
                    "nvlink_received_bytes_total", help: "Bytes that the GPU received over NVLink.")
            case .nvlinkTransmitted:
                counter(
                    "nvlink_transmitted_bytes_total", help: "Bytes that the GPU sent over NVLink.")
            case .eccCorrected: SeriesTable.Column(errors, labels: [("kind", "corrected")])
            case .eccUncorrected, .firstThrottle:
                SeriesTable.Column(errors, labels: [("kind", "uncorrected")])
            case .idle:
                counter(
                    "idle_seconds_total", help: "Time that the GPU spent in its idle power state.")
            }
        }
        return columns
            + throttleReasons.map { SeriesTable.Column(throttled, labels: [("reason", $0.name)]) }
    }

    private static func gauge(_ name: String, help: String) -> SeriesTable.Column {
        SeriesTable.Column(Family("ml_gpu_\(name)", kind: .gauge, help: help))
    }

    private static func counter(_ name: String, help: String) -> SeriesTable.Column {
        SeriesTable.Column(Family("ml_gpu_\(name)", kind: .counter, help: help))
    }
}
