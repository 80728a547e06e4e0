internal import Exposition
internal import Kernel

/// Memory errors that were corrected or not (Documentation/driver-api/edac.rst).
struct EDAC: Collector, ~Copyable {
    static var name: String { "edac" }

    private typealias Labels = [(name: String, value: String)]

    private var directory: DeviceDirectory
    private var readings = AttributeFamilies()

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "devices/system/edac/mc")
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
            guard let controller = name.number(behind: "mc") else { continue }
            let folder = "\(directory.path)/\(name)"
            let labels = [("controller", String(controller))]
            let unknown = labels + [("csrow", "unknown")]
            add("\(folder)/ce_count", what: "correctable", labels: labels)
            add("\(folder)/ce_noinfo_count", what: "csrow_correctable", labels: unknown)
            add("\(folder)/ue_count", what: "uncorrectable", labels: labels)
            add("\(folder)/ue_noinfo_count", what: "csrow_uncorrectable", labels: unknown)
            for row in ((try? directory.root.names(in: folder)) ?? []).sorted() {
                if let number = row.number(behind: "csrow") {
                    findRow("\(folder)/\(row)", labels: labels + [("csrow", String(number))])
                }
            }
        }
        readings.end()
    }

    private mutating func findRow(_ folder: String, labels: Labels) {
        add("\(folder)/ce_count", what: "csrow_correctable", labels: labels)
        add("\(folder)/ue_count", what: "csrow_uncorrectable", labels: labels)
        let files = ((try? directory.root.names(in: folder)) ?? []).sorted()
        for file in files where file.hasPrefix("ch") && file.hasSuffix("_ce_count") {
            let channel = String(file.dropFirst(2).dropLast("_ce_count".count))
            guard UInt64(channel) != nil else { continue }
            let text = try? directory.root.attribute("\(folder)/ch\(channel)_dimm_label")
            let label = text.map { EDAC.clean($0.span.string) } ?? "unknown"
            let channelLabels = labels + [("channel", channel), ("dimm_label", label)]
            add("\(folder)/\(file)", what: "channel_correctable", labels: channelLabels)
            let uncorrected = "ch\(channel)_ue_count"
            if files.contains(uncorrected) {
                add(
                    "\(folder)/\(uncorrected)", what: "channel_uncorrectable", labels: channelLabels
                )
            }
        }
    }

    private mutating func add(_ file: String, what: String, labels: Labels) {
        let family = "node_edac_\(what)_errors_total"
        readings.add(
            directory.root, file: file, to: family, labels: labels,
            family: {
                let parts = what.split(separator: "_")
                let place = parts.count == 2 ? " for this \(parts[0])" : ""
                return Family(
                    family, kind: .counter,
                    help: "Total \(parts[parts.count - 1]) memory errors\(place).")
            })
    }

    /// `CPU#0Channel#1_DIMM#0` without its signs, the parts of the kernel's own names apart.
    static func clean(_ label: String) -> String {
        var cleaned = ""
        var rest = Substring(label)
        while let first = rest.first {
            if rest.hasPrefix("csrow") || rest.hasPrefix("channel") { cleaned.append("_") }
            if first != "#" { cleaned.append(first) }
            rest.removeFirst()
        }
        return cleaned
    }
}
