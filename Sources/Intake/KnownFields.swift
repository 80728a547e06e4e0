internal import Kernel
internal import Observation

/// The members of an event that have a known key.
struct KnownFields {
    private var slots: InlineArray<60, Int32> = InlineArray(repeating: 0)
    /// Keys that the event has, null or not.
    private(set) var met = KeySet()
    /// Keys that the event has and that are not null.
    private(set) var given = KeySet()
    /// Whether there are keys that no event has.
    private(set) var haveUnknown = false

    /// `position` is that of an object.
    init(_ event: JSONValue, position: Int, table: borrowing KeyTable) throws(EventError) {
        let end = event.end(position)
        var next = position &+ 1
        while next < end {
            let value = next &+ 1
            if event.kind(next) == .key, let key = table.key(event.text(next)) {
                if met.contains(key) {
                    throw EventError(.duplicateKey, key: key, rule: "is given twice")
                }
                met.insert(key)
                if !event.isNull(value) {
                    given.insert(key)
                    slots[key.rawValue] = Int32(truncatingIfNeeded: value)
                }
            } else {
                haveUnknown = true
            }
            next = event.end(value)
        }
    }

    /// The position of a member's value; nil if it is absent or null.
    @inline(__always)
    subscript(_ key: Key) -> Int? {
        given.contains(key) ? Int(slots[key.rawValue]) : nil
    }

    /// Whether an object that has `keys` has others.
    func haveOthers(than keys: KeySet) -> Bool {
        haveUnknown || !met.subtracting(keys).isEmpty
    }
}

extension EventReader {
    /// Counts and names the members that an object with `keys` does not have. `inside` is the path
    /// of the object, empty for the event itself.
    mutating func recordUnknown(
        _ event: JSONValue, position: Int, fields: KnownFields, besides keys: KeySet,
        inside: StaticString = "", batch: inout Batch
    ) {
        if !fields.haveOthers(than: keys) { return }
        let end = event.end(position)
        var next = position + 1
        while next < end {
            let key = event.kind(next) == .key ? table.key(event.text(next)) : nil
            if key.map({ !keys.contains($0) }) ?? true {
                recordUnknown(
                    event, position: next, inside: inside, near: keys.texts, batch: &batch)
            }
            next = event.end(next + 1)
        }
    }

    /// Counts and names one unknown key; `near` are the keys that may have been meant.
    mutating func recordUnknown(
        _ event: JSONValue, position: Int, inside: StaticString,
        near keys: @autoclosure () -> [StaticString], batch: inout Batch
    ) {
        batch.omissions.unknownFields &+= 1
        if batch.omissions.fields.count == IgnoredInput.namedFields { return }
        guard event.kind(position) == .key else { return }
        let isNested = inside.utf8CodeUnitCount > 0
        let key = EventError.shortened(event.text(position))
        let path = isNested ? "\(inside).\(key)" : key
        if batch.omissions.fields.contains(where: { $0.key == path }) { return }
        let suggestion = Spelling.nearest(to: key, among: keys())
        batch.omissions.fields.append(
            IgnoredInput.Field(key: path, suggestion: suggestion.map { "\($0)" } ?? ""))
    }
}
