internal import Kernel

/// What makes two series the same: the name and the labels that are not empty.
///
/// The identity is a 64-bit hash keyed per process (SipHash): two of 100,000 series collide once in
/// billions of pages, and a client cannot choose names that collide.
enum SeriesHash {
    static func of(family name: String) -> UInt64 {
        of(family: name.utf8Span.span)
    }

    static func of(family name: Span<UInt8>) -> UInt64 {
        var hasher = SeriesHasher(0)
        hasher.add(name)
        return hasher.finish()
    }

    static func of(family: UInt64, labels: LabelSet) -> UInt64 {
        var hasher = SeriesHasher(family)
        let bytes = labels.bytes.span
        for pair in labels.pairs {
            hasher.add(name: bytes.extracting(pair.name), value: bytes.extracting(pair.value))
        }
        return hasher.finish()
    }
}

/// Hashes the labels of a series, in the order of a `LabelSet`.
struct SeriesHasher {
    private var hasher = Hasher()

    init(_ family: UInt64) {
        hasher.combine(family)
    }

    /// A label with an empty value counts as absent, as in Prometheus.
    @inline(__always)
    mutating func add(name: Span<UInt8>, value: Span<UInt8>) {
        if value.isEmpty { return }
        add(name)
        add(value)
    }

    @inline(__always)
    mutating func add(_ text: Span<UInt8>) {
        hasher.combine(text.count)
        unsafe text.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }

    /// The suffix of a histogram's or a summary's sample.
    mutating func add(_ suffix: StaticString) {
        for index in 0..<suffix.utf8CodeUnitCount {
            hasher.combine(unsafe suffix.utf8Start[index])
        }
    }

    func finish() -> UInt64 {
        UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
