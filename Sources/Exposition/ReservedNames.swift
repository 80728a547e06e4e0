/// The names that OpenMetrics reserves for families: a family has its own name and those of its
/// samples, and no two families may have one name. The counter `foo_total` has `foo`, too.
struct ReservedNames {
    /// The type of the family whose name has this hash, else nil.
    let kind: (UInt64) -> Family.Kind?

    /// Whether `family`, which is not one of these, would have a name that one of these has.
    func clash(with family: Family) -> Bool {
        let name = family.name
        if isReserved(name) { return true }
        switch family.kind {
        case .counter where family.isTotal:
            let stem = String(name.dropLast("_total".count))
            return isReserved(stem) || isReserved(stem + "_created")
        case .histogram:
            return ["_count", "_sum", "_created", "_bucket"].contains { isReserved(name + $0) }
        case .summary:
            return ["_count", "_sum", "_created"].contains { isReserved(name + $0) }
        case .counter, .gauge, .untyped: return false
        }
    }

    /// Whether a counter has this name: `foo` or `foo_created` beside `foo_total`.
    func haveCounter(reserving name: String) -> Bool {
        if kind(of: name + "_total") == .counter { return true }
        guard name.hasSuffix("_created") else { return false }
        return kind(of: name.dropLast("_created".count) + "_total") == .counter
    }

    private func isReserved(_ name: String) -> Bool {
        if kind(of: name) != nil || haveCounter(reserving: name) { return true }
        for suffix in ["_created", "_count", "_sum", "_bucket"] where name.hasSuffix(suffix) {
            switch kind(of: String(name.dropLast(suffix.count))) {
            case .histogram: return true
            case .summary: return suffix != "_bucket"
            default: continue
            }
        }
        return false
    }

    private func kind(of name: String) -> Family.Kind? { kind(SeriesHash.of(family: name)) }
}
