internal import Exposition
internal import Kernel
internal import Settings

/// Batteries and mains (Documentation/ABI/testing/sysfs-class-power).
struct PowerSupply: Collector, ~Copyable {
    static var name: String { "powersupplyclass" }

    private static let shape = DeviceTable.Shape(
        path: "class/power_supply", label: "power_supply", numbers: plain + micro + tenths,
        info: .init(
            family: "node_power_supply_info",
            help: "info of /sys/class/power_supply/<power_supply>.",
            files: [
                "capacity_level", "charge_type", "health", "manufacturer", "model_name", "scope",
                "serial_number", "status", "technology", "type", "usb_type",
            ], hidesEmpty: true))

    private static var plain: [AttributeRow] {
        [
            row("authentic"), row("calibrate"), row("capacity"), row("capacity_alert_max"),
            row("capacity_alert_min"), row("cycle_count", as: "cyclecount"), row("online"),
            row("present"), row("time_to_empty_now", as: "time_to_empty_seconds"),
            row("time_to_full_now", as: "time_to_full_seconds"),
        ]
    }

    /// Microvolts, microamperes, microwatts and their hours.
    private static var micro: [AttributeRow] {
        [
            ("current_boot", nil), ("current_max", nil), ("current_now", "current_ampere"),
            ("energy_empty", nil), ("energy_empty_design", nil), ("energy_full", nil),
            ("energy_full_design", nil), ("energy_now", "energy_watthour"), ("voltage_boot", nil),
            ("voltage_max", nil), ("voltage_max_design", nil), ("voltage_min", nil),
            ("voltage_min_design", nil), ("voltage_now", "voltage_volt"), ("voltage_ocv", nil),
            ("charge_control_limit", nil), ("charge_control_limit_max", nil),
            ("charge_counter", nil), ("charge_empty", nil), ("charge_empty_design", nil),
            ("charge_full", nil), ("charge_full_design", nil), ("charge_now", "charge_ampere"),
            ("charge_term_current", nil), ("constant_charge_current", nil),
            ("constant_charge_current_max", nil), ("constant_charge_voltage", nil),
            ("constant_charge_voltage_max", nil), ("precharge_current", nil),
            ("input_current_limit", nil), ("power_now", "power_watt"),
        ].map { row($0, as: $1, scale: .over(1e6)) }
    }

    /// Tenths of a degree.
    private static var tenths: [AttributeRow] {
        [
            "temp", "temp_alert_max", "temp_alert_min", "temp_ambient", "temp_ambient_max",
            "temp_ambient_min", "temp_max", "temp_min",
        ].map { row($0, as: "\($0)_celsius", scale: .over(10)) }
    }

    private static func row(
        _ file: String, as name: String? = nil, scale: AttributeFamilies.Scale = .times(1)
    ) -> AttributeRow {
        AttributeRow(
            file, family: "node_power_supply_\(name ?? file)",
            help: "\(name ?? file) value of /sys/class/power_supply/<power_supply>.",
            form: .prefixed, scale: scale)
    }

    private var devices: DeviceTable

    init(_ machine: CollectorResources, filter: Filter) {
        devices = DeviceTable(machine, shape: PowerSupply.shape) {
            filter.matches($0.utf8Span.span)
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try devices.collect(&scrape, into: &page)
    }
}
