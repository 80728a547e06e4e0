/// The series of all groups by identity: open addressing in one array, so that a push asks for its
/// own series only, however many there are.
struct SeriesRegister {
    private var slots: [UInt64]
    /// The identity that marks a free slot, kept apart.
    private var hasZero = false
    private(set) var count = 0

    init() {
        slots = [UInt64](repeating: 0, count: 64)
    }

    /// Returns whether the identity was new.
    mutating func insert(_ identity: UInt64) -> Bool {
        if identity == 0 {
            if hasZero { return false }
            hasZero = true
            count += 1
            return true
        }
        if (count + 1) * 2 > slots.count { resize(slots.count * 2) }
        let place = place(of: identity)
        if slots[place] == identity { return false }
        slots[place] = identity
        count += 1
        return true
    }

    mutating func remove(_ identity: UInt64) {
        if identity == 0 {
            if hasZero { count -= 1 }
            hasZero = false
            return
        }
        var hole = place(of: identity)
        guard slots[hole] == identity else { return }
        count -= 1
        // What stands behind the hole moves into it, unless its own place is between both.
        let mask = slots.count - 1
        var next = (hole + 1) & mask
        while slots[next] != 0 {
            let home = SeriesRegister.home(slots[next], mask: mask)
            if (next &- home) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
        if slots.count > 64, count * 8 < slots.count { resize(slots.count / 2) }
    }

    /// The slot that holds the identity or would hold it.
    private func place(of identity: UInt64) -> Int {
        let mask = slots.count - 1
        var place = SeriesRegister.home(identity, mask: mask)
        while slots[place] != 0, slots[place] != identity { place = (place + 1) & mask }
        return place
    }

    private static func home(_ identity: UInt64, mask: Int) -> Int {
        Int(truncatingIfNeeded: identity) & mask
    }

    private mutating func resize(_ capacity: Int) {
        let old = slots
        slots = [UInt64](repeating: 0, count: capacity)
        for identity in old where identity != 0 { slots[place(of: identity)] = identity }
    }
}
