internal import Exposition
internal import Kernel

/// The named fields of a kernel file, each with its series.
struct FieldList: ~Copyable {
    /// The meaning of a name.
    enum Meaning {
        case series(UnlabelledMetric)
        /// A field that the settings leave out.
        case unwanted
        /// A name that cannot become part of a metric name.
        case invalid
    }

    /// Names beyond this many are invalid.
    let limit: Int
    private var names = NameOrder()
    private var meanings: [Meaning] = []

    init(limit: Int = 4096) {
        self.limit = limit
    }

    /// Begins a reading of the file.
    mutating func begin() {
        names.begin()
    }

    /// What the next name of the file means; `meaning` is called for a name that is met for the first
    /// time.
    mutating func find(_ name: Span<UInt8>, meaning: (Span<UInt8>) -> Meaning) -> Meaning {
        if let known = names.find(name) { return meanings[known] }
        guard names.count < limit else { return .invalid }
        _ = names.append(name)
        meanings.append(meaning(name))
        return meanings[meanings.count - 1]
    }
}
