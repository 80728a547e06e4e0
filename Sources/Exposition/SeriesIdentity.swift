/// What makes two series the same: the name and the labels that are not empty.
///
/// The identity is a 64-bit hash keyed per process (SipHash), so that 100,000 series take each
/// other for duplicates once in billions of pages and nobody can choose names that do.
enum SeriesIdentity {
    static func of(family name: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(name)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    static func of(family: UInt64, _ labels: LabelSet) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(family)
        for pair in labels.pairs where !pair.value.isEmpty {
            hasher.combine(labels.bytes[pair.name])
            hasher.combine(labels.bytes[pair.value])
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
