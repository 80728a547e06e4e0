internal import CNVML
internal import Exposition
internal import Glibc
internal import Kernel

/// Devices under the names, labels and units of dcgm-exporter: those of its standard counters that
/// NVML provides. A partitioned device is represented by its parts only, which repeat the values of
/// the whole device.
struct DCGMRows: ~Copyable {
    private enum Column: Int, CaseIterable {
        case smClock, memoryClock, memoryTemperature, temperature, power, energy, pcieReplays,
            utilization, copyUtilization, encoder, decoder, memoryFree, memoryUsed,
            memoryReserved, remappedUncorrected, remappedCorrected, remappingFailed
    }

    private var table: SeriesTable
    private let hostLabels: [(name: String, value: String)]

    /// `hostNameLabels` are the labels whose value is the machine's name: dcgm-exporter has written
    /// `Hostname` and `hostname`.
    init(hostNameLabels: [String]) {
        let hostName = DCGMRows.nodeName()
        hostLabels = hostNameLabels.map { ($0, hostName) }
        table = SeriesTable(
            Column.allCases.map { column in
                let (name, kind, help) = DCGMRows.family(column)
                return SeriesTable.Column(Family("DCGM_FI_DEV_\(name)", kind: kind, help: help))
            },
            rowLimit: AcceleratorRows.deviceLimit)
    }

    mutating func begin() { table.begin() }

    mutating func end() { table.end() }

    func write(to page: inout Page) { table.write(to: &page) }

    mutating func show(
        _ reading: NVMLReading, memory: cnvml_memory?, of device: NVMLDevice,
        part: NVMLDevice.Part?, holder: PodResources.Holder?
    ) {
        let key = (part?.key ?? device.key) + (holder?.key ?? [])
        let hostLabels = hostLabels
        guard
            let row = table.row(
                key.span,
                labels: {
                    DCGMRows.labels(device, part: part) + hostLabels + (holder?.labels ?? [])
                })
        else { return }
        func set(_ column: Column, value: Double?) {
            if let value { table[row, column.rawValue] = value }
        }
        set(.smClock, value: reading.clockSM.map { $0 / 1e6 })
        set(.memoryClock, value: reading.clockMemory.map { $0 / 1e6 })
        set(.memoryTemperature, value: reading.memoryTemperature)
        set(.temperature, value: reading.temperature)
        set(.power, value: reading.power)
        set(.energy, value: reading.energy.map { ($0 * 1000).rounded() })
        set(.pcieReplays, value: reading.pcieReplays)
        set(.utilization, value: reading.utilization.map { ($0 * 100).rounded() })
        set(.copyUtilization, value: reading.memoryUtilization.map { ($0 * 100).rounded() })
        set(.encoder, value: reading.encoder)
        set(.decoder, value: reading.decoder)
        set(.memoryFree, value: memory.map { Double($0.free >> 20) })
        set(.memoryUsed, value: memory.map { Double($0.used >> 20) })
        set(.memoryReserved, value: memory.map { Double($0.reserved >> 20) })
        set(.remappedUncorrected, value: reading.remappedUncorrected)
        set(.remappedCorrected, value: reading.remappedCorrected)
        set(.remappingFailed, value: reading.remappingFailed)
    }

    private static func labels(
        _ device: NVMLDevice, part: NVMLDevice.Part?
    ) -> [(name: String, value: String)] {
        var labels = [
            ("gpu", "\(device.index)"), ("UUID", device.uuid), ("pci_bus_id", device.busID),
            ("device", device.minor.map { "nvidia\($0)" } ?? ""), ("modelName", device.name),
        ]
        if let version = device.names.first(where: { $0.name == "driver_version" }) {
            labels.append(("DCGM_FI_DRIVER_VERSION", version.value))
        }
        if let part {
            labels += [("GPU_I_PROFILE", part.profile), ("GPU_I_ID", "\(part.instance)")]
        }
        return labels
    }

    private static func family(_ column: Column) -> (String, Family.Kind, String) {
        switch column {
        case .smClock: ("SM_CLOCK", .gauge, "SM clock frequency (in MHz).")
        case .memoryClock: ("MEM_CLOCK", .gauge, "Memory clock frequency (in MHz).")
        case .memoryTemperature: ("MEMORY_TEMP", .gauge, "Memory temperature (in C).")
        case .temperature: ("GPU_TEMP", .gauge, "GPU temperature (in C).")
        case .power: ("POWER_USAGE", .gauge, "Power draw (in W).")
        case .energy:
            (
                "TOTAL_ENERGY_CONSUMPTION", .counter,
                "Total energy consumption since boot (in mJ)."
            )
        case .pcieReplays: ("PCIE_REPLAY_COUNTER", .counter, "Total number of PCIe retries.")
        case .utilization: ("GPU_UTIL", .gauge, "GPU utilization (in %).")
        case .copyUtilization: ("MEM_COPY_UTIL", .gauge, "Memory utilization (in %).")
        case .encoder: ("ENC_UTIL", .gauge, "Encoder utilization (in %).")
        case .decoder: ("DEC_UTIL", .gauge, "Decoder utilization (in %).")
        case .memoryFree: ("FB_FREE", .gauge, "Framebuffer memory free (in MiB).")
        case .memoryUsed: ("FB_USED", .gauge, "Framebuffer memory used (in MiB).")
        case .memoryReserved: ("FB_RESERVED", .gauge, "Framebuffer memory reserved (in MiB).")
        case .remappedUncorrected:
            (
                "UNCORRECTABLE_REMAPPED_ROWS", .counter,
                "Number of remapped rows for uncorrectable errors"
            )
        case .remappedCorrected:
            (
                "CORRECTABLE_REMAPPED_ROWS", .counter,
                "Number of remapped rows for correctable errors"
            )
        case .remappingFailed:
            ("ROW_REMAP_FAILURE", .gauge, "Whether remapping of rows has failed")
        }
    }

    private static func nodeName() -> String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &names.nodename) {
            unsafe String(terminated: $0)
        }
    }
}
