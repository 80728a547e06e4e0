/// A set of series, known by their hashes: those on a page, or those of all groups.
///
/// Open addressing with linear probing. The hashes are random already (`SeriesHash`), so they are not
/// hashed again; a page inserts every sample, which `Set<UInt64>` does several times slower. Emptying
/// the set costs nothing: a slot counts as free unless its stamp is the current one.
package struct SeriesSet: Sendable {
    private var identities: [UInt64]
    private var stamps: [UInt32]
    private var stamp: UInt32 = 1
    private let leastCapacity: Int
    /// Series in the set.
    package private(set) var count = 0

    /// `capacity` is a power of two, below which the set does not shrink.
    package init(capacity: Int = 64) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        leastCapacity = capacity
        identities = [UInt64](repeating: 0, count: capacity)
        stamps = [UInt32](repeating: 0, count: capacity)
    }

    /// Empties the set and keeps its memory.
    package mutating func removeAll() {
        count = 0
        stamp &+= 1
        if stamp == 0 {
            for index in stamps.indices { stamps[index] = 0 }
            stamp = 1
        }
    }

    /// Returns whether the series is new.
    @inline(__always)
    package mutating func insert(_ identity: UInt64) -> Bool {
        // At most half full: an unsuccessful search then takes two and a half steps on average.
        if count * 2 >= identities.count { resize(identities.count * 2) }
        let slot = slot(of: identity)
        if stamps[slot] == stamp { return false }
        stamps[slot] = stamp
        identities[slot] = identity
        count += 1
        return true
    }

    /// Removes a series, if it is in the set.
    package mutating func remove(_ identity: UInt64) {
        var hole = slot(of: identity)
        guard stamps[hole] == stamp else { return }
        count -= 1
        // What follows the hole moves into it, unless its own place is between both: a search then
        // never meets a free slot before the series it looks for, and no tombstones are needed.
        let mask = identities.count - 1
        var next = (hole + 1) & mask
        while stamps[next] == stamp {
            let home = Int(truncatingIfNeeded: identities[next]) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                identities[hole] = identities[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        stamps[hole] = 0
        if identities.count > leastCapacity, count * 8 < identities.count {
            resize(identities.count / 2)
        }
    }

    /// The slot that holds the series or would hold it.
    @inline(__always)
    private func slot(of identity: UInt64) -> Int {
        let mask = identities.count - 1
        var slot = Int(truncatingIfNeeded: identity) & mask
        while stamps[slot] == stamp, identities[slot] != identity { slot = (slot + 1) & mask }
        return slot
    }

    @inline(never)
    private mutating func resize(_ capacity: Int) {
        let (oldIdentities, oldStamps, oldStamp) = (identities, stamps, stamp)
        identities = [UInt64](repeating: 0, count: capacity)
        stamps = [UInt32](repeating: 0, count: capacity)
        stamp = 1
        for index in oldIdentities.indices where oldStamps[index] == oldStamp {
            let slot = slot(of: oldIdentities[index])
            stamps[slot] = 1
            identities[slot] = oldIdentities[index]
        }
    }
}
