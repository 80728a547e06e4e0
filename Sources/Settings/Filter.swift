/// Which names (devices, mount points, filesystem types) a collector shows: those that `include`
/// matches, or all but those that `exclude` matches.
public struct Filter: Sendable {
    private let include: Pattern?
    private let exclude: Pattern?

    /// `flag` is the flags' common prefix, `--collector.netdev.device`; both together are a mistake.
    /// An include turns `standardExclude` off; an empty pattern is none.
    public init(
        flag: String, include: String?, exclude: String?, standardExclude: String = "",
        _ mistakes: inout Mistakes
    ) {
        let included = include ?? ""
        let excluded = exclude ?? (included.isEmpty ? standardExclude : "")
        if !included.isEmpty, !excluded.isEmpty {
            mistakes.add("\(flag)-include and \(flag)-exclude are mutually exclusive.")
        }
        self.include =
            included.isEmpty ? nil : Pattern(included, flag: "\(flag)-include", &mistakes)
        self.exclude =
            excluded.isEmpty ? nil : Pattern(excluded, flag: "\(flag)-exclude", &mistakes)
    }

    public func admits(_ name: Span<UInt8>) -> Bool {
        if let exclude, exclude.matches(name) { return false }
        if let include { return include.matches(name) }
        return true
    }

    /// Admits everything: nothing needs to be asked.
    public var isOpen: Bool { include == nil && exclude == nil }
}
