internal import Exposition
internal import Kernel

/// Thermal zones and cooling devices (Documentation/driver-api/thermal/sysfs-api.rst).
struct ThermalZone: AttributeCollector, ~Copyable {
    static var name: String { "thermal_zone" }

    /// Millidegrees Celsius.
    private static let zoneRows = [
        AttributeRow(
            "temp", family: "node_thermal_zone_temp", help: "Zone temperature in Celsius",
            form: .signed, scale: .over(1000))
    ]
    /// A cooling device that does not work yet has the state -1.
    private static let coolingRows = [
        AttributeRow(
            "cur_state", family: "node_cooling_device_cur_state",
            help: "Current throttle state of the cooling device", form: .signed),
        AttributeRow(
            "max_state", family: "node_cooling_device_max_state",
            help: "Maximum throttle state of the cooling device", form: .signed),
    ]

    var directory: DeviceDirectory
    var readings = AttributeFamilies()

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "class/thermal")
    }

    mutating func find(_ names: [String]) {
        for name in names {
            if let zone = ThermalZone.number(of: name, behind: "thermal_zone") {
                add(ThermalZone.zoneRows, of: name, labels: [("zone", zone)])
            } else if let device = ThermalZone.number(of: name, behind: "cooling_device") {
                add(ThermalZone.coolingRows, of: name, labels: [("name", device)])
            }
        }
    }

    private mutating func add(
        _ rows: [AttributeRow], of name: String, labels: [(name: String, value: String)]
    ) {
        readings.add(
            rows, in: "\(directory.path)/\(name)", of: directory.root,
            labels: labels + [("type", type(of: name))])
    }

    private func type(of name: String) -> String {
        let text = try? directory.root.attribute("\(directory.path)/\(name)/type")
        return text?.span.string ?? ""
    }

    private static func number(of name: String, behind prefix: String) -> String? {
        guard name.hasPrefix(prefix) else { return nil }
        let number = name.dropFirst(prefix.count)
        guard let first = number.utf8.first, first >= 0x30, first <= 0x39 else { return nil }
        return String(number)
    }
}
