/// Selects the names (devices, mount points, file system types) of a collector: those that match
/// `include`, or all except those that match `exclude`.
package struct Filter: Sendable {
    private var include: [Pattern] = []
    private var exclude: [Pattern] = []

    /// `flag` is the flags' common prefix, such as `--collector.netdev.device`; giving both is an error.
    /// An include disables `standardExclude`; an empty pattern counts as not given.
    package init(
        flag: String, include: String?, exclude: String?, standardExclude: String = "",
        errors: inout ValidationErrors
    ) {
        let included = include ?? ""
        let excluded = exclude ?? (included.isEmpty ? standardExclude : "")
        if !included.isEmpty, !excluded.isEmpty {
            errors.add("\(flag)-include and \(flag)-exclude are mutually exclusive.")
        }
        if !included.isEmpty,
            let pattern = Pattern(included, flag: "\(flag)-include", errors: &errors)
        {
            self.include = [pattern]
        }
        if !excluded.isEmpty,
            let pattern = Pattern(excluded, flag: "\(flag)-exclude", errors: &errors)
        {
            self.exclude = [pattern]
        }
    }

    /// All names except those that match the pattern; all names if it is nil.
    package init(excluding pattern: Pattern?) {
        exclude = pattern.map { [$0] } ?? []
    }

    /// The names that match both filters.
    package func and(_ other: Filter) -> Filter {
        var both = self
        both.include += other.include
        both.exclude += other.exclude
        return both
    }

    package func matches(_ name: Span<UInt8>) -> Bool {
        for pattern in exclude where pattern.matches(name) { return false }
        for pattern in include where !pattern.matches(name) { return false }
        return true
    }

    /// Whether every name matches, so that no pattern needs to be evaluated.
    package var isOpen: Bool { include.isEmpty && exclude.isEmpty }
}
