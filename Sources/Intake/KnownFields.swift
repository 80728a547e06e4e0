internal import Observation

/// The members of an object that have a known key.
struct KnownFields {
    private var slots: InlineArray<48, Int32> = InlineArray(repeating: 0)
    /// Those that are there, null or not.
    private(set) var met = KeySet()
    /// Those that are there and not null.
    private(set) var given = KeySet()
    /// How many keys are unknown.
    private(set) var unknown: UInt64 = 0

    /// `position` is that of an object.
    init(_ event: JSONValue, position: Int, table: borrowing KeyTable) throws(EventError) {
        let end = event.end(position)
        var next = position &+ 1
        while next < end {
            let value = next &+ 1
            if event.kind(next) == .key, let key = table.key(event.text(next)) {
                if met.contains(key) {
                    throw EventError(.duplicateKey, key: key, rule: "stands there twice")
                }
                met.insert(key)
                if !event.isNull(value) {
                    given.insert(key)
                    slots[key.rawValue] = Int32(truncatingIfNeeded: value)
                }
            } else {
                unknown &+= 1
            }
            next = event.end(value)
        }
    }

    /// The position of a member's value; nil when it is absent or null.
    @inline(__always)
    subscript(_ key: Key) -> Int? {
        given.contains(key) ? Int(slots[key.rawValue]) : nil
    }

    /// How many members an object of a kind that knows `keys` does not know.
    func unknown(besides keys: KeySet) -> UInt64 {
        unknown &+ UInt64(met.subtracting(keys).count)
    }
}
