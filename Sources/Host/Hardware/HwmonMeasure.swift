internal import Exposition

/// What an element of a sensor is called as a metric, and how its text becomes base units: millivolts,
/// millidegrees and milliamperes are a thousandth, microwatts and microjoules a millionth.
struct HwmonMeasure {
    private(set) var name: String
    private(set) var help: String
    private(set) var scale = AttributeFamilies.Scale.times(1)
    private(set) var form = Attribute.Form.decimal
    /// The label `sensor`.
    private(set) var sensor: String

    /// Nil for an element that is not exported as a number. `isAlone` means that no file has the name
    /// of the sensor itself, so that `input` is its value.
    init?(_ sensor: HwmonFileName, element: String, label: String?, isAlone: Bool) {
        if element == "label" { return nil }
        self.sensor = sensor.text
        name = "node_hwmon_" + sensor.type
        help = "Hardware monitor \(sensor.type) element \(element)"
        switch sensor.type {
        case "beep_enable", "vrm", "update_interval":
            if !element.isEmpty { return nil }
            nameWhole(sensor.type)
            return
        default: break
        }
        if element == "input" {
            if !isAlone { name += "_input" }
        } else if !element.isEmpty {
            name += "_" + HwmonFileName.clean(element)
        }
        switch element {
        case "fault", "alarm": help = "Hardware sensor \(element) status (\(sensor.type))"
        case "beep":
            set("_enabled", help: "Hardware monitor sensor has beeping enabled")
        default:
            if sensor.type == "freq", element == "input" {
                guard let label else { return nil }
                self.sensor = HwmonFileName.clean(label)
            }
            nameUnit(sensor.type, element: element)
        }
    }

    private mutating func nameWhole(_ type: String) {
        switch type {
        case "beep_enable":
            (name, help) = ("node_hwmon_beep_enabled", "Hardware beep enabled")
        case "vrm":
            (name, help) = (
                "node_hwmon_voltage_regulator_version", "Hardware voltage regulator"
            )
        default:
            name = "node_hwmon_update_interval_seconds"
            help = "Hardware monitor update interval"
            scale = .times(0.001)
        }
    }

    private mutating func set(
        _ suffix: String, help: String, scale: AttributeFamilies.Scale = .times(1)
    ) {
        name += suffix
        self.help = help
        self.scale = scale
    }

    private mutating func nameUnit(_ type: String, element: String) {
        switch (type, element) {
        case ("in", _), ("cpu", _):
            set("_volts", help: "Hardware monitor for voltage (\(element))", scale: .times(0.001))
        case ("temp", "type"): break
        case ("temp", _):
            let shown = element.isEmpty ? "input" : element
            set(
                "_celsius", help: "Hardware monitor for temperature (\(shown))",
                scale: .times(0.001))
        case ("curr", _):
            set("_amps", help: "Hardware monitor for current (\(element))", scale: .times(0.001))
        case ("energy", _):
            set(
                "_joule_total", help: "Hardware monitor for joules used so far (\(element))",
                scale: .over(1e6))
        case ("power", "accuracy"):
            set("", help: "Hardware monitor power meter accuracy, as a ratio", scale: .over(1e6))
        case ("power", "average_interval"), ("power", "average_interval_min"),
            ("power", "average_interval_max"):
            set(
                "_seconds", help: "Hardware monitor power usage update interval (\(element))",
                scale: .times(0.001))
        case ("power", _):
            set(
                "_watt", help: "Hardware monitor for power usage in watts (\(element))",
                scale: .over(1e6))
        case ("humidity", _):
            set(
                "",
                help:
                    "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) (\(element))",
                scale: .over(1e6))
        case ("fan", "input"), ("fan", "min"), ("fan", "max"), ("fan", "target"):
            set("_rpm", help: "Hardware monitor for fan revolutions per minute (\(element))")
        case ("freq", "input"):
            set("_freq_mhz", help: "Hardware monitor for GPU frequency in MHz", scale: .over(1e6))
        default: break
        }
    }
}
