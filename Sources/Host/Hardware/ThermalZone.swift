internal import Exposition
internal import Kernel

/// Thermal zones and cooling devices (Documentation/driver-api/thermal/sysfs-api.rst).
struct ThermalZone: Collector, ~Copyable {
    static var name: String { "thermal_zone" }

    private var directory: DeviceDirectory
    private var readings = AttributeFamilies()

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "class/thermal")
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        readings.begin()
        for name in names {
            if let zone = ThermalZone.number(of: name, behind: "thermal_zone") {
                // Millidegrees Celsius.
                add(
                    "\(name)/temp", to: "node_thermal_zone_temp",
                    labels: [("zone", zone), ("type", type(of: name))], scale: .over(1000),
                    help: "Zone temperature in Celsius")
            } else if let device = ThermalZone.number(of: name, behind: "cooling_device") {
                let labels = [("name", device), ("type", type(of: name))]
                add(
                    "\(name)/cur_state", to: "node_cooling_device_cur_state", labels: labels,
                    help: "Current throttle state of the cooling device")
                add(
                    "\(name)/max_state", to: "node_cooling_device_max_state", labels: labels,
                    help: "Maximum throttle state of the cooling device")
            }
        }
        readings.end()
    }

    private mutating func add(
        _ file: String, to family: String, labels: [(name: String, value: String)],
        scale: AttributeFamilies.Scale = .times(1), help: String
    ) {
        // A cooling device that does not work yet has the state -1.
        readings.add(
            directory.root, file: "\(directory.path)/\(file)", to: family, labels: labels,
            form: .signed, scale: scale,
            family: { Family(family, kind: .gauge, help: help) })
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
