internal import Exposition
internal import Kernel

/// GPU values that the drivers amdgpu, i915 and xe export in sysfs
/// (Documentation/gpu/amdgpu, Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and -xe-hwmon).
struct DRMCards: ~Copyable {
    /// A file with one number, and the cell that it fills.
    private final class Source {
        var file: KernelFile
        let column: AcceleratorRows.Column
        let scale: AttributeFamilies.Scale

        init(
            _ file: consuming KernelFile, column: AcceleratorRows.Column,
            scale: AttributeFamilies.Scale
        ) {
            self.file = file
            self.column = column
            self.scale = scale
        }
    }

    /// The files of one card.
    private final class Card {
        let key: [UInt8]
        let labels: [(name: String, value: String)]
        let names: [(name: String, value: String)]
        var powerState: KernelFile
        var errors: KernelFile?
        let sources: [Source]

        init(
            _ card: DRMCard, names: [(name: String, value: String)],
            powerState: consuming KernelFile, errors: consuming KernelFile?,
            sources: [Source]
        ) {
            key = Array(card.name.utf8)
            labels = [("gpu", card.name)]
            self.names = names
            self.powerState = powerState
            self.errors = errors
            self.sources = sources
        }
    }

    private let sys: Root
    private var cards: [Card] = []
    private var watch: DeviceWatch

    init(_ machine: CollectorResources) {
        sys = machine.roots.sys
        watch = DeviceWatch(machine.events)
    }

    mutating func collect(_ scrape: inout CollectionContext, into rows: inout AcceleratorRows) {
        if watch.isDue(&scrape) {
            cards = DRMCard.list(sys).compactMap { DRMCards.open($0, sys: sys) }
        }
        for card in cards { read(card, scrape: &scrape, into: &rows) }
    }

    private func read(
        _ card: Card, scrape: inout CollectionContext, into rows: inout AcceleratorRows
    ) {
        guard let row = rows.row(card.key, labels: card.labels, names: card.names) else { return }
        // Asking a card that sleeps would wake it.
        if (try? scrape.read(&card.powerState)) != nil,
            scrape.text.bytes.trimmed.equals("suspended")
        {
            return
        }
        for source in card.sources {
            // A driver refuses single files (EPERM, EBUSY, EINVAL) in some power states.
            guard (try? scrape.read(&source.file)) != nil else { continue }
            if let value = scrape.text.bytes.trimmed.signed {
                rows[row, source.column] = source.scale.apply(Double(value))
            } else {
                scrape.skippedLines += 1
            }
        }
        if card.errors != nil { readErrors(card, row: row, scrape: &scrape, into: &rows) }
    }

    private func readErrors(
        _ card: Card, row: Int, scrape: inout CollectionContext,
        into rows: inout AcceleratorRows
    ) {
        guard var file = card.errors.take() else { return }
        if (try? scrape.read(&file)) != nil {
            let (corrected, uncorrected) = DRMCards.errors(scrape.text.bytes)
            if let corrected { rows[row, .eccCorrected] = corrected }
            if let uncorrected { rows[row, .eccUncorrected] = uncorrected }
        }
        card.errors = consume file
    }

    /// `ue: 0`, `ce: 0` of amdgpu's ras/umc_err_count.
    static func errors(_ text: Span<UInt8>) -> (corrected: Double?, uncorrected: Double?) {
        var (corrected, uncorrected): (Double?, Double?)
        var lines = Cursor(text)
        while var line = lines.line() {
            if line.take("ue:") {
                uncorrected = line.field().map { Double($0) }
            } else if line.take("ce:") {
                corrected = line.field().map { Double($0) }
            }
        }
        return (corrected, uncorrected)
    }

    /// Nil for a card of another driver.
    private static func open(_ card: DRMCard, sys: Root) -> Card? {
        let files = files(of: card.driver)
        if files.isEmpty { return nil }
        let folder = "class/drm/\(card.name)"
        let sensors = hardwareMonitor(folder, sys: sys)
        var sources: [Source] = []
        for (name, column, scale) in files {
            let name =
                name == dieTemperature ? temperatureFile(in: sensors, sys: sys) ?? name : name
            guard let path = path(name, folder: folder, sensors: sensors), sys.exists(path),
                !sources.contains(where: { $0.column == column })
            else { continue }
            sources.append(
                Source(sys.file(path, limit: 64, isOneRecord: true), column: column, scale: scale))
        }
        let errors = "\(folder)/device/ras/umc_err_count"
        return Card(
            card, names: names(of: card, folder: folder, sys: sys),
            powerState: sys.file(
                "\(folder)/device/power/runtime_status", limit: 64, isOneRecord: true),
            errors: sys.exists(errors) ? sys.file(errors, limit: 256, isOneRecord: true) : nil,
            sources: sources)
    }

    private static func path(_ name: String, folder: String, sensors: String?) -> String? {
        guard name.hasPrefix("hwmon/") else { return "\(folder)/\(name)" }
        return sensors.map { "\($0)/\(name.dropFirst("hwmon/".count))" }
    }

    /// The first hwmonN of the card.
    private static func hardwareMonitor(_ folder: String, sys: Root) -> String? {
        let names = (try? sys.names(in: "\(folder)/device/hwmon")) ?? []
        let numbers = names.compactMap { $0.number(behind: "hwmon") }
        return numbers.min().map { "\(folder)/device/hwmon/hwmon\($0)" }
    }

    /// The temperature of an AMD GPU, wherever the card has it.
    private static let dieTemperature = "hwmon/temp*_input"

    /// The sensors that represent an AMD GPU's temperature, the preferred one first. Cards of the
    /// MI300 series have no edge sensor and begin with temp2.
    private static let dieSensors = ["edge", "junction"]

    /// The file of the GPU's own sensor, found by tempN_label; without labels temp1_input. Nil when
    /// the card has only other sensors (`mem`).
    private static func temperatureFile(in sensors: String?, sys: Root) -> String? {
        guard let sensors, let names = try? sys.names(in: sensors) else { return nil }
        var files: [String: String] = [:]
        for number in names.compactMap({ $0.number(behind: "temp", before: "_input") }).sorted() {
            let label = (try? sys.attribute("\(sensors)/temp\(number)_label")) ?? []
            let name = String(decoding: label, as: UTF8.self)
            if files[name] == nil { files[name] = "hwmon/temp\(number)_input" }
        }
        return (dieSensors + [""]).lazy.compactMap { files[$0] }.first
    }

    private static func names(
        of card: DRMCard, folder: String, sys: Root
    ) -> [(name: String, value: String)] {
        func text(_ path: String) -> String {
            String(decoding: (try? sys.attribute(path)) ?? [], as: UTF8.self)
        }
        let product = text("\(folder)/device/product_name")
        let name = product.isEmpty ? "\(card.driver) \(card.pciID)" : product
        return [
            ("uuid", text("\(folder)/device/unique_id")), ("name", name),
            ("driver_version", text("module/\(card.driver)/version")),
        ]
    }

    /// The file of each value, by driver, and its factor to base units. The first file that exists
    /// is used.
    private static func files(
        of driver: String
    ) -> [(name: String, column: AcceleratorRows.Column, scale: AttributeFamilies.Scale)] {
        switch driver {
        case "amdgpu":
            [
                ("device/gpu_busy_percent", .utilization, .over(100)),
                ("device/mem_busy_percent", .memoryUtilization, .over(100)),
                ("device/mem_info_vram_used", .memoryUsed, .over(1)),
                ("device/mem_info_vram_total", .memoryTotal, .over(1)),
                (dieTemperature, .temperature, .over(1e3)),
                ("hwmon/power1_average", .power, .over(1e6)),
                ("hwmon/power1_input", .power, .over(1e6)),
                ("hwmon/power1_cap", .powerLimit, .over(1e6)),
                ("hwmon/freq1_input", .clockGraphics, .over(1)),
                ("hwmon/freq2_input", .clockMemory, .over(1)),
            ]
        case "i915":
            [
                ("gt/gt0/rps_act_freq_mhz", .clockGraphics, .times(1e6)),
                ("gt_act_freq_mhz", .clockGraphics, .times(1e6)),
                ("gt/gt0/rc6_residency_ms", .idle, .over(1e3)),
                ("power/rc6_residency_ms", .idle, .over(1e3)),
                ("hwmon/temp1_input", .temperature, .over(1e3)),
                ("hwmon/energy1_input", .energy, .over(1e6)),
                ("hwmon/power1_max", .powerLimit, .over(1e6)),
            ]
        case "xe":
            [
                ("device/tile0/gt0/freq0/act_freq", .clockGraphics, .times(1e6)),
                ("device/tile0/gt0/gtidle/idle_residency_ms", .idle, .over(1e3)),
                ("hwmon/temp2_input", .temperature, .over(1e3)),
                ("hwmon/energy1_input", .energy, .over(1e6)),
                ("hwmon/power1_max", .powerLimit, .over(1e6)),
            ]
        default: []
        }
    }
}
