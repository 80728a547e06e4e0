internal import Exposition

/// The families of several text files: a name has one type and one HELP, those of the first file that
/// has it.
struct TextFileIndex {
    private(set) var families = FamilyIndex()
    private(set) var seriesCount = 0
    /// What was left out, and why.
    private(set) var warnings: [String] = []

    init() {}

    /// Families beyond `seriesLimit` series are left out.
    init(_ files: [TextFile], seriesLimit: Int) {
        var first: [String: (family: Family, files: [String])] = [:]
        var unexplained: [String] = []
        for (owner, file) in files.enumerated() {
            for part in file.families {
                let name = part.family.name
                if let known = first[name] {
                    if let warning = TextFileIndex.difference(known.family, later: part.family) {
                        warnings.append("\(file.path): \(warning)")
                        continue
                    }
                }
                guard seriesCount + part.count <= seriesLimit else {
                    warnings.append("\(file.path): \(name): more than \(seriesLimit) series")
                    continue
                }
                seriesCount += part.count
                families.put(part, of: owner)
                if first[name] == nil { unexplained.append(name) }
                let family = first[name]?.family
                first[name] = (
                    family?.help == nil ? part.family : family ?? part.family,
                    (first[name]?.files ?? []) + [file.path]
                )
            }
        }
        for name in unexplained {
            guard let known = first[name], known.family.help == nil else { continue }
            families.explain(
                name, help: "Metric read from \(known.files.joined(separator: ", "))")
        }
    }

    private static func difference(_ first: Family, later: Family) -> String? {
        if first.kind != later.kind {
            return "\(later.name): another file has another type"
        }
        if let help = later.help, let known = first.help, help != known {
            return "\(later.name): another file has another HELP"
        }
        return nil
    }
}
