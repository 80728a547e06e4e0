/// The identities that stand on the page so far: open addressing, emptied by counting up a stamp.
struct SeriesSet: ~Copyable {
    private var identities: [UInt64]
    private var stamps: [UInt32]
    private var key: UInt32 = 1
    private var count = 0

    init(capacity: Int = 1024) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        identities = [UInt64](repeating: 0, count: capacity)
        stamps = [UInt32](repeating: 0, count: capacity)
    }

    mutating func removeAll() {
        count = 0
        key &+= 1
        if key == 0 {
            for index in stamps.indices { stamps[index] = 0 }
            key = 1
        }
    }

    /// Returns whether the identity was new.
    @inline(__always)
    mutating func insert(_ identity: UInt64) -> Bool {
        if count * 2 >= identities.count { grow() }
        let mask = identities.count - 1
        var place = Int(truncatingIfNeeded: identity) & mask
        while stamps[place] == key {
            if identities[place] == identity { return false }
            place = (place + 1) & mask
        }
        stamps[place] = key
        identities[place] = identity
        count += 1
        return true
    }

    @inline(never)
    private mutating func grow() {
        var larger = SeriesSet(capacity: identities.count * 2)
        for index in identities.indices where stamps[index] == key {
            _ = larger.insert(identities[index])
        }
        self = larger
    }
}
