/// Finds the entries of a table by hash: open addressing with linear probing over numbers 0, 1, 2 ...,
/// which the owner gives out in this order. The keys stand in the owner's arrays, one behind the
/// other, so that a look-up by bytes makes no key first, as one in a `Dictionary` would.
package struct HashIndex: Sendable {
    // The number of the entry, or -1 if free. The size is a power of two, and at most half is used.
    @usableFromInline
    var slots: [Int32]
    // By number.
    @usableFromInline
    var hashes: [Int] = []

    /// `capacity` is a power of two; half as many entries fit before the index grows.
    package init(capacity: Int = 8) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        slots = [Int32](repeating: -1, count: capacity)
    }

    /// Entries.
    @inlinable
    package var count: Int { hashes.count }

    /// Bytes of memory, about.
    package var byteCount: Int { slots.count * 4 + hashes.capacity * 8 }

    /// The number of the entry with this hash that `matches`, or nil.
    @inlinable
    @inline(__always)
    package func number(of hash: Int, matches: (_ number: Int) -> Bool) -> Int? {
        let mask = slots.count &- 1
        var slot = hash & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if hashes[number] == hash, matches(number) { return number }
            slot = (slot &+ 1) & mask
        }
        return nil
    }

    /// The hash of an entry.
    @inlinable
    package func hash(of number: Int) -> Int { hashes[number] }

    /// Adds the entry with the next number.
    package mutating func append(_ hash: Int) {
        hashes.append(hash)
        if hashes.count * 2 > slots.count {
            slots = [Int32](repeating: -1, count: slots.count * 2)
            for number in hashes.indices { place(number) }
        } else {
            place(hashes.count - 1)
        }
    }

    /// Removes all entries and keeps the memory. Cost: O(entries).
    package mutating func removeAll() {
        for (number, hash) in hashes.enumerated() {
            var slot = hash & (slots.count - 1)
            while slots[slot] != Int32(number) { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = -1
        }
        hashes.removeAll(keepingCapacity: true)
    }

    private mutating func place(_ number: Int) {
        var slot = hashes[number] & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(number)
    }
}

extension Span where Element == UInt8 {
    /// A hash that is keyed per process, so that a client cannot choose texts that collide.
    package var keyedHash: Int {
        var hasher = Hasher()
        unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
