internal import Exposition

/// The suffixes of the names that histograms and summaries also use: `_count`, `_sum` and `_bucket`.
enum HistogramSuffixes {
    /// The families that a family of this name and kind collides with. `kind` returns the type of
    /// another family.
    static func collisions(
        of name: String, own: Family.Kind, among kind: (String) -> Family.Kind?
    ) -> [String] {
        var names: [String] = []
        for suffix in ["_count", "_sum", "_bucket"] {
            if name.hasSuffix(suffix) {
                let stem = String(name.dropLast(suffix.count))
                if let stemKind = kind(stem), takes(suffix, kind: stemKind) { names.append(stem) }
            }
            if takes(suffix, kind: own), kind(name + suffix) != nil { names.append(name + suffix) }
        }
        return names
    }

    private static func takes(_ suffix: String, kind: Family.Kind) -> Bool {
        kind == .histogram || (kind == .summary && suffix != "_bucket")
    }
}
