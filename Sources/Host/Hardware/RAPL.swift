internal import Exposition
internal import Kernel

/// Energy that parts of processors have used (Documentation/power/powercap/powercap.rst).
struct RAPL: AttributeCollector, ~Copyable {
    static var name: String { "rapl" }

    var directory: DeviceDirectory
    private let showsZone: Bool
    var readings = AttributeFamilies()

    /// `showsZone` puts the zone into a label instead of the family's name.
    init(_ machine: CollectorResources, showsZone: Bool) {
        directory = DeviceDirectory(machine, path: "class/powercap")
        self.showsZone = showsZone
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try collectAttributes(&scrape, into: &page)
        // Since CVE-2020-8694 the counters are root's.
        if let refusal = readings.refusal { throw refusal }
    }

    mutating func find(_ names: [String]) {
        var uses: [String: Int] = [:]
        for name in names {
            let folder = "\(directory.path)/\(name)"
            guard let text = try? directory.root.attribute("\(folder)/name") else { continue }
            let (zone, index) = RAPL.zone(text.span.string, uses: &uses)
            var labels = [("index", String(index)), ("path", directory.root.path(of: folder))]
            if showsZone { labels.append(("rapl_zone", zone)) }
            let (family, help) =
                showsZone
                ? ("node_rapl_joules_total", "Current RAPL value in joules")
                : (
                    "node_rapl_\(RAPL.metricName(zone))_joules_total",
                    "Current RAPL \(zone) value in joules"
                )
            // Microjoules.
            let row = AttributeRow("energy_uj", family: family, help: help, scale: .over(1e6))
            readings.add([row], in: folder, of: directory.root, labels: labels)
        }
    }

    /// `package-1` is the zone `package` with the index 1; a name without an index gets that of
    /// its use.
    static func zone(_ name: String, uses: inout [String: Int]) -> (name: String, index: Int) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        var zone = name
        var index = uses[name] ?? 0
        if parts.count == 2, let number = Int(parts[1]) {
            (zone, index) = (String(parts[0]), number)
        }
        uses[zone] = index &+ 1
        return (zone, index)
    }

    private static func metricName(_ zone: String) -> String {
        String(
            decoding: zone.utf8.map { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x3A: byte
                default: 0x5F
                }
            }, as: UTF8.self)
    }
}
