/// Which names (devices, mount points, filesystem types) a collector shows: those that `include`
/// matches, or all but those that `exclude` matches.
package struct Filter: Sendable {
    private var include: [Pattern] = []
    private var exclude: [Pattern] = []

    /// `flag` is the flags' common prefix, `--collector.netdev.device`; both together are a mistake.
    /// An include turns `standardExclude` off; an empty pattern is none.
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

    /// All but what the pattern matches; everything without one.
    package init(excluding pattern: Pattern?) {
        exclude = pattern.map { [$0] } ?? []
    }

    /// What both filters admit.
    package func and(_ other: Filter) -> Filter {
        var both = self
        both.include += other.include
        both.exclude += other.exclude
        return both
    }

    package func admits(_ name: Span<UInt8>) -> Bool {
        for pattern in exclude where pattern.matches(name) { return false }
        for pattern in include where !pattern.matches(name) { return false }
        return true
    }

    /// Admits everything: nothing needs to be asked.
    package var isOpen: Bool { include.isEmpty && exclude.isEmpty }
}
