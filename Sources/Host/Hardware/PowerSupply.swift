internal import Exposition
internal import Kernel
internal import Settings

/// Batteries and mains (Documentation/ABI/testing/sysfs-class-power).
struct PowerSupply: Collector, ~Copyable {
    static var name: String { "powersupplyclass" }

    private struct Number {
        let file: String
        let name: String
        let scale: AttributeFamilies.Scale
    }

    private static let numbers: [Number] =
        [
            ("authentic", ""), ("calibrate", ""), ("capacity", ""), ("capacity_alert_max", ""),
            ("capacity_alert_min", ""), ("cycle_count", "cyclecount"), ("online", ""),
            ("present", ""), ("time_to_empty_now", "time_to_empty_seconds"),
            ("time_to_full_now", "time_to_full_seconds"),
        ].map { named($0, scale: .times(1)) }
        // Microvolts, microamperes, microwatts and their hours.
        + [
            ("current_boot", ""), ("current_max", ""), ("current_now", "current_ampere"),
            ("energy_empty", ""), ("energy_empty_design", ""), ("energy_full", ""),
            ("energy_full_design", ""), ("energy_now", "energy_watthour"), ("voltage_boot", ""),
            ("voltage_max", ""), ("voltage_max_design", ""), ("voltage_min", ""),
            ("voltage_min_design", ""), ("voltage_now", "voltage_volt"), ("voltage_ocv", ""),
            ("charge_control_limit", ""), ("charge_control_limit_max", ""),
            ("charge_counter", ""), ("charge_empty", ""), ("charge_empty_design", ""),
            ("charge_full", ""), ("charge_full_design", ""), ("charge_now", "charge_ampere"),
            ("charge_term_current", ""), ("constant_charge_current", ""),
            ("constant_charge_current_max", ""), ("constant_charge_voltage", ""),
            ("constant_charge_voltage_max", ""), ("precharge_current", ""),
            ("input_current_limit", ""), ("power_now", "power_watt"),
        ].map { named($0, scale: .over(1e6)) }
        // Tenths of a degree.
        + [
            ("temp", "temp_celsius"), ("temp_alert_max", "temp_alert_max_celsius"),
            ("temp_alert_min", "temp_alert_min_celsius"),
            ("temp_ambient", "temp_ambient_celsius"),
            ("temp_ambient_max", "temp_ambient_max_celsius"),
            ("temp_ambient_min", "temp_ambient_min_celsius"), ("temp_max", "temp_max_celsius"),
            ("temp_min", "temp_min_celsius"),
        ].map { named($0, scale: .over(10)) }

    private static let texts = [
        "capacity_level", "charge_type", "health", "manufacturer", "model_name", "scope",
        "serial_number", "status", "technology", "type", "usb_type",
    ]

    private var directory: DeviceDirectory
    private let filter: Filter
    private var readings = AttributeFamilies()
    private var info = AttributeInfo(
        Family(
            "node_power_supply_info", kind: .gauge,
            help: "info of /sys/class/power_supply/<power_supply>."), hidesEmpty: true)

    init(_ machine: CollectorResources, filter: Filter) {
        directory = DeviceDirectory(machine, path: "class/power_supply")
        self.filter = filter
    }

    private static func named(
        _ pair: (file: String, name: String), scale: AttributeFamilies.Scale
    ) -> Number {
        Number(file: pair.file, name: pair.name.isEmpty ? pair.file : pair.name, scale: scale)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
        if info.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        let root = directory.root
        readings.begin()
        info.begin()
        for name in names where filter.matches(name.utf8Span.span) {
            let folder = "\(directory.path)/\(name)"
            let files = Set((try? root.names(in: folder)) ?? [])
            for number in PowerSupply.numbers where files.contains(number.file) {
                let full = "node_power_supply_" + number.name
                readings.add(
                    root, file: "\(folder)/\(number.file)", to: full,
                    labels: [("power_supply", name)],
                    form: .prefixed, scale: number.scale,
                    family: {
                        Family(
                            full, kind: .gauge,
                            help: "\(number.name) value of /sys/class/power_supply/<power_supply>.")
                    })
            }
            info.add(
                [("power_supply", name)],
                attributes: PowerSupply.texts.filter { files.contains($0) }.map {
                    ($0, Attribute(root, name: "\(folder)/\($0)"))
                })
        }
        readings.end()
    }
}
