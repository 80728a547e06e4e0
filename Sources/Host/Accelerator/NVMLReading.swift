internal import CNVML
internal import Kernel

/// The values of an NVIDIA device at one time, in base units; nil if the device does not report it.
struct NVMLReading {
    var utilization: Double?
    var memoryUtilization: Double?
    var memory: cnvml_memory?
    var temperature: Double?
    var power: Double?
    var powerLimit: Double?
    var energy: Double?
    var clockGraphics: Double?
    var clockSM: Double?
    var clockMemory: Double?
    var clockVideo: Double?
    var eccCorrected: Double?
    var eccUncorrected: Double?
    var throttleReasons: UInt64?
    var pcieReceived: Double?
    var pcieTransmitted: Double?
    var nvlinkReceived: Double?
    var nvlinkTransmitted: Double?
    // Only what dcgm-exporter has beyond the above.
    var encoder: Double?
    var decoder: Double?
    var memoryTemperature: Double?
    var pcieReplays: Double?
    var remappedCorrected: Double?
    var remappedUncorrected: Double?
    var remappingFailed: Double?

    /// The fields that one call reads; the first six always.
    static let fields: [cnvml_field] = [
        cnvml_field_pcie_transmitted, cnvml_field_pcie_received,
        cnvml_field_nvlink_transmitted_kib, cnvml_field_nvlink_received_kib,
        cnvml_field_nvlink_transmitted, cnvml_field_nvlink_received,
        cnvml_field_memory_temperature, cnvml_field_pcie_replays,
        cnvml_field_remapped_corrected, cnvml_field_remapped_uncorrected,
        cnvml_field_remapping_failed,
    ].map { cnvml_field(id: UInt32($0), code: 0, is_wide: 0, value: 0) }
    static var fieldsAlways: Int { 6 }

    /// Nil when the device is lost. `fields` are the first of `NVMLReading.fields`, and serve as
    /// the place for answers.
    init?(
        _ library: NVML, ask: inout DeviceQueries, fields: inout [cnvml_field]
    ) {
        let device = ask.device
        func memory() throws(NVMLError) -> cnvml_memory { try library.memory(of: device) }
        func utilization() throws(NVMLError) -> (UInt32, UInt32) {
            try library.utilization(of: device)
        }
        self.memory = ask.answer(32, ask: memory)
        if let (gpu, memory) = ask.answer(33, ask: utilization) {
            self.utilization = min(Double(gpu) / 100, 1)
            memoryUtilization = min(Double(memory) / 100, 1)
        }
        temperature = ask.number(library, question: cnvml_temperature)
        power = ask.number(library, question: cnvml_power).map { $0 / 1000 }
        powerLimit = ask.number(library, question: cnvml_power_limit).map { $0 / 1000 }
        energy = ask.number(library, question: cnvml_energy).map { $0 / 1000 }
        clockGraphics = ask.number(library, question: cnvml_clock_graphics).map { $0 * 1e6 }
        clockSM = ask.number(library, question: cnvml_clock_sm).map { $0 * 1e6 }
        clockMemory = ask.number(library, question: cnvml_clock_memory).map { $0 * 1e6 }
        clockVideo = ask.number(library, question: cnvml_clock_video).map { $0 * 1e6 }
        eccCorrected = ask.number(library, question: cnvml_ecc_corrected)
        eccUncorrected = ask.number(library, question: cnvml_ecc_uncorrected)
        throttleReasons = ask.bits(library, question: cnvml_throttle_reasons)
        let isExtended = fields.count > NVMLReading.fieldsAlways
        if isExtended {
            encoder = ask.number(library, question: cnvml_encoder)
            decoder = ask.number(library, question: cnvml_decoder)
        }
        if ask.answer(34, ask: { () throws(NVMLError) in try library.fill(&fields, of: device) })
            != nil
        {
            take(fields, ask: &ask)
        }
        if ask.isLost { return nil }
    }

    private mutating func take(_ fields: [cnvml_field], ask: inout DeviceQueries) {
        // A counter of 32 bits wraps within a second on a busy link and is not usable.
        if fields[0].is_wide != 0, fields[1].is_wide != 0 {
            pcieTransmitted = ask.value(of: fields[0])
            pcieReceived = ask.value(of: fields[1])
        }
        // Up to NVLink 4 the device counts KiB, from NVLink 5 on bytes.
        nvlinkTransmitted =
            ask.value(of: fields[2]).map { $0 * 1024 } ?? ask.value(of: fields[4])
        nvlinkReceived = ask.value(of: fields[3]).map { $0 * 1024 } ?? ask.value(of: fields[5])
        if fields.count <= NVMLReading.fieldsAlways { return }
        memoryTemperature = ask.value(of: fields[6])
        pcieReplays = ask.value(of: fields[7])
        remappedCorrected = ask.value(of: fields[8])
        remappedUncorrected = ask.value(of: fields[9])
        remappingFailed = ask.value(of: fields[10])
    }

    /// Writes what there is into a row. A partitioned device leaves its memory to its parts.
    func fill(_ rows: inout AcceleratorRows, row: Int, hasParts: Bool) {
        func set(_ column: AcceleratorRows.Column, value: Double?) {
            if let value { rows[row, column] = value }
        }
        set(.utilization, value: utilization)
        set(.memoryUtilization, value: memoryUtilization)
        if !hasParts, let memory {
            set(.memoryUsed, value: Double(memory.used))
            set(.memoryTotal, value: Double(memory.total))
        }
        set(.temperature, value: temperature)
        set(.power, value: power)
        set(.powerLimit, value: powerLimit)
        set(.energy, value: energy)
        set(.clockGraphics, value: clockGraphics)
        set(.clockSM, value: clockSM)
        set(.clockMemory, value: clockMemory)
        set(.clockVideo, value: clockVideo)
        set(.pcieReceived, value: pcieReceived)
        set(.pcieTransmitted, value: pcieTransmitted)
        set(.nvlinkReceived, value: nvlinkReceived)
        set(.nvlinkTransmitted, value: nvlinkTransmitted)
        set(.eccCorrected, value: eccCorrected)
        set(.eccUncorrected, value: eccUncorrected)
        if let throttleReasons { rows.setThrottled(throttleReasons, in: row) }
    }
}
