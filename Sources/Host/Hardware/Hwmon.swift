internal import Exposition
internal import Kernel
internal import Settings

/// Temperatures, fans, voltages and whatever else chips measure
/// (Documentation/hwmon/sysfs-interface.rst).
struct Hwmon: Collector, ~Copyable {
    static var name: String { "hwmon" }

    private struct Chip {
        let folder: String
        let base: String
        let name: String
    }

    private var directory: DeviceDirectory
    private let chips: Filter
    private let sensors: Filter
    private var readings = AttributeFamilies()
    private var names: [Series] = []
    private var labels: [Series] = []
    private let nameFamily = Family(
        "node_hwmon_chip_names", kind: .gauge,
        help: "Annotation metric for human-readable chip names")
    private let labelFamily = Family(
        "node_hwmon_sensor_label", kind: .gauge, help: "Label for given chip and sensor")

    /// A sensor passes as `chip;sensor`.
    init(_ machine: CollectorResources, chips: Filter, sensors: Filter) {
        directory = DeviceDirectory(machine, path: "class/hwmon")
        self.chips = chips
        self.sensors = sensors
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        Hwmon.write(names, family: nameFamily, page: &page)
        Hwmon.write(labels, family: labelFamily, page: &page)
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private static func write(_ list: [Series], family: Family, page: inout Page) {
        if list.isEmpty { return }
        page.begin(family)
        for series in list { page.sample(series, value: 1) }
    }

    private mutating func find(_ folders: [String]) {
        names = []
        labels = []
        readings.begin()
        let found = folders.compactMap { chip("\(directory.path)/\($0)") }
        for chip in found {
            let name = Hwmon.unique(chip, among: found)
            guard chips.matches(name.utf8Span.span) else { continue }
            let readable = HwmonFileName.clean(chip.name)
            if !readable.isEmpty {
                names.append(
                    Series(nameFamily, labels: LabelSet([("chip", name), ("chip_name", readable)])))
            }
            findSensors(chip, name: name)
        }
        readings.end()
    }

    /// A chip is named after its bus and device, which are stable; else by its name attribute; else by
    /// its number, which depends on the order in which modules were loaded.
    private func chip(_ folder: String) -> Chip? {
        let root = directory.root
        guard root.isDirectory(folder) else { return nil }
        let name = (try? root.attribute("\(folder)/name")).map { $0.span.string } ?? ""
        if let path = root.resolved("\(folder)/device") {
            let parts = path.split(separator: "/").suffix(2).map { HwmonFileName.clean(String($0)) }
            let base = parts.filter { !$0.isEmpty }.joined(separator: "_")
            if let last = parts.last, !last.isEmpty {
                return Chip(folder: folder, base: base, name: name)
            }
        }
        let own = HwmonFileName.clean(name)
        let number = root.resolved(folder)?.split(separator: "/").last.map(String.init) ?? ""
        let base = own.isEmpty ? HwmonFileName.clean(number) : own
        return base.isEmpty ? nil : Chip(folder: folder, base: base, name: name)
    }

    /// Chips of one device are distinguished by their name attribute, or else by their number.
    private static func unique(_ chip: Chip, among all: [Chip]) -> String {
        let twins = all.filter { $0.base == chip.base }
        if twins.count == 1 { return chip.base }
        let own = HwmonFileName.clean(chip.name)
        if own.isEmpty || twins.filter({ $0.name == chip.name }).count > 1 {
            let number = chip.folder.split(separator: "/").last ?? ""
            return "\(chip.base)_\(HwmonFileName.clean(String(number)))"
        }
        return "\(chip.base)_\(own)"
    }

    private mutating func findSensors(_ chip: Chip, name: String) {
        // Old drivers have their files beside the device's; those decide where both have one.
        var files: [HwmonFileName: [String: String]] = [:]
        for folder in [chip.folder, "\(chip.folder)/device"] {
            for file in (try? directory.root.names(in: folder)) ?? [] {
                guard let parsed = HwmonFileName.parse(file) else { continue }
                files[parsed.sensor, default: [:]][parsed.element] = "\(folder)/\(file)"
            }
        }
        for (sensor, elements) in files.sorted(by: { $0.key.precedes($1.key) }) {
            let full = "\(name);\(sensor.text)"
            guard sensors.matches(full.utf8Span.span) else { continue }
            let label = elements["label"].flatMap { try? directory.root.attribute($0) }
                .map { $0.span.string }
            if let label {
                labels.append(
                    Series(
                        labelFamily,
                        labels: LabelSet([
                            ("chip", name), ("sensor", sensor.text), ("label", label),
                        ])))
            }
            for (element, file) in elements.sorted(by: { $0.key < $1.key }) {
                guard
                    let measure = HwmonMeasure(
                        sensor, element: element, label: label, isAlone: elements[""] == nil)
                else { continue }
                readings.add(
                    AttributeRow(
                        element, family: measure.name, help: measure.help, form: measure.form,
                        scale: measure.scale, mayBeText: element != "input"),
                    file: file, of: directory.root,
                    labels: LabelSet([("chip", name), ("sensor", measure.sensor)]))
            }
        }
    }
}
