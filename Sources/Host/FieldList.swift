internal import Exposition
internal import Kernel

/// The named fields of a kernel file, each with its series. The lookup starts at the field's previous
/// position, so that a scrape compares bytes and allocates nothing.
struct FieldList: ~Copyable {
    /// The meaning of a name.
    enum Meaning {
        case series(UnlabelledMetric)
        /// A field that the settings leave out.
        case unwanted
        /// A name that cannot become part of a metric name.
        case invalid
    }

    /// Where a name was found.
    enum Place {
        case single(Int)
        case unwanted, invalid
    }

    /// Names beyond this many are invalid.
    let limit: Int
    private var names: [[UInt8]] = []
    private var slots: [Place] = []
    private var singles: [UnlabelledMetric] = []
    private var next = 0

    init(limit: Int = 4096) {
        self.limit = limit
    }

    /// Begins a reading; the first name is expected next.
    mutating func begin() {
        next = 0
    }

    /// The place of the next name; `meaning` is called if the last reading had another name
    /// here.
    mutating func find(_ name: Span<UInt8>, meaning: (Span<UInt8>) -> Meaning) -> Place {
        if next < names.count, name.equals(names[next]) {
            next += 1
            return slots[next - 1]
        }
        forget(from: next)
        guard next < limit else { return .invalid }
        names.append(name.copied)
        switch meaning(name) {
        case .series(let single):
            singles.append(single)
            slots.append(.single(singles.count - 1))
        case .unwanted: slots.append(.unwanted)
        case .invalid: slots.append(.invalid)
        }
        next += 1
        return slots[next - 1]
    }

    private mutating func forget(from place: Int) {
        guard place < names.count else { return }
        let kept = slots[..<place].count { if case .single = $0 { true } else { false } }
        names.removeSubrange(place...)
        slots.removeSubrange(place...)
        singles.removeSubrange(kept...)
    }

    /// The series at a place.
    subscript(place: Int) -> UnlabelledMetric { singles[place] }
}
