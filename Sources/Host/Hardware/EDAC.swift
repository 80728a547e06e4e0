internal import Exposition
internal import Kernel

/// Memory errors that were corrected or not (Documentation/driver-api/edac.rst).
struct EDAC: AttributeCollector, ~Copyable {
    static var name: String { "edac" }

    private typealias Labels = [(name: String, value: String)]

    /// Of a controller. `knowsNoRow`: errors of an unknown row.
    private static let controllerRows = [
        (row: row("ce_count", what: "correctable"), knowsNoRow: false),
        (row: row("ce_noinfo_count", what: "csrow_correctable"), knowsNoRow: true),
        (row: row("ue_count", what: "uncorrectable"), knowsNoRow: false),
        (row: row("ue_noinfo_count", what: "csrow_uncorrectable"), knowsNoRow: true),
    ]
    private static let csrowRows = [
        row("ce_count", what: "csrow_correctable"), row("ue_count", what: "csrow_uncorrectable"),
    ]

    private static func channelRows(_ channel: String) -> [AttributeRow] {
        [
            row("ch\(channel)_ce_count", what: "channel_correctable"),
            row("ch\(channel)_ue_count", what: "channel_uncorrectable"),
        ]
    }

    private static func row(_ file: String, what: String) -> AttributeRow {
        let parts = what.split(separator: "_")
        let place = parts.count == 2 ? " for this \(parts[0])" : ""
        return AttributeRow(
            file, family: "node_edac_\(what)_errors_total",
            help: "Total \(parts[parts.count - 1]) memory errors\(place).")
    }

    var directory: DeviceDirectory
    var readings = AttributeFamilies()

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "devices/system/edac/mc")
    }

    mutating func find(_ names: [String]) {
        for name in names {
            guard let controller = name.number(behind: "mc") else { continue }
            let folder = "\(directory.path)/\(name)"
            let labels = [("controller", String(controller))]
            for (row, knowsNoRow) in EDAC.controllerRows {
                add([row], in: folder, labels: labels + (knowsNoRow ? [("csrow", "unknown")] : []))
            }
            for row in ((try? directory.root.names(in: folder)) ?? []).sorted() {
                if let number = row.number(behind: "csrow") {
                    findRow("\(folder)/\(row)", labels: labels + [("csrow", String(number))])
                }
            }
        }
    }

    private mutating func findRow(_ folder: String, labels: Labels) {
        add(EDAC.csrowRows, in: folder, labels: labels)
        let files = ((try? directory.root.names(in: folder)) ?? []).sorted()
        for file in files where file.hasPrefix("ch") && file.hasSuffix("_ce_count") {
            let channel = String(file.dropFirst(2).dropLast("_ce_count".count))
            guard UInt64(channel) != nil else { continue }
            let text = try? directory.root.attribute("\(folder)/ch\(channel)_dimm_label")
            let label = text.map { EDAC.clean($0.span.string) } ?? "unknown"
            add(
                EDAC.channelRows(channel).filter { files.contains($0.file) }, in: folder,
                labels: labels + [("channel", channel), ("dimm_label", label)])
        }
    }

    private mutating func add(_ rows: [AttributeRow], in folder: String, labels: Labels) {
        readings.add(rows, in: folder, of: directory.root, labels: labels)
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
