/// Rendered families by name, of several owners, to be merged into a page with `Page.merge`.
///
/// A page or a commit that waits for the disk holds a copy while pushes change the original. A copy
/// costs nothing; a change of an index that has a copy copies one shard of the names and one chunk of
/// the family's owners, not the whole index.
package struct FamilyIndex: Sendable {
    /// One name: its type, the HELP that was put last, and each owner's samples.
    package struct Entry: Sendable {
        package internal(set) var family: Family
        private var owners = OwnerList()

        init(_ family: Family) {
            self.family = family
        }

        /// Owners that have samples.
        package var count: Int { owners.count }

        /// Series of all owners.
        var seriesCount: Int {
            var count = 0
            owners.forEach { count += $0.count }
            return count
        }

        /// The samples of one owner, or nil if it has none.
        package func part(of owner: Int) -> RenderedFamily? { owners[owner] }

        /// The samples of each owner, in the order of the owners' numbers.
        func forEachPart(_ body: (RenderedFamily) -> Void) { owners.forEach(body) }

        mutating func replace(_ part: RenderedFamily?, of owner: Int) { owners[owner] = part }
    }

    /// So many that a shard of 100,000 names is copied in some microseconds, and so few that copying
    /// the list of shards (2 KB) does not matter.
    private static let shardCount = 256

    /// Entries by the hash of the name; empty until the first `put`.
    private var shards: [[UInt64: Entry]] = []
    private var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// The entry of a name, or nil if no owner has it.
    package subscript(name: String) -> Entry? { self[identity: SeriesHash.of(family: name)] }

    /// The entry of the name with this hash.
    subscript(identity identity: UInt64) -> Entry? {
        isEmpty ? nil : shards[FamilyIndex.shard(of: identity)][identity]
    }

    /// Calls `body` with each name's hash and entry, in no particular order.
    func forEach(_ body: (UInt64, Entry) -> Void) {
        for shard in shards {
            for (identity, entry) in shard { body(identity, entry) }
        }
    }

    /// Replaces an owner's samples of this name. The family's HELP becomes the index's if it has one
    /// or if the owner is the only one.
    package mutating func put(_ part: RenderedFamily, of owner: Int) {
        let identity = part.family.identity
        if shards.isEmpty { shards = .init(repeating: [:], count: FamilyIndex.shardCount) }
        let shard = FamilyIndex.shard(of: identity)
        // The entry is taken out while it changes, so that its owners are not copied for it.
        if var entry = shards[shard].removeValue(forKey: identity) {
            let isAlone = entry.count == (entry.part(of: owner) == nil ? 0 : 1)
            if isAlone || part.family.help != nil { entry.family = part.family }
            entry.replace(part, of: owner)
            shards[shard][identity] = entry
        } else {
            var entry = Entry(part.family)
            entry.replace(part, of: owner)
            shards[shard][identity] = entry
            count += 1
        }
    }

    /// Sets the HELP of a family that has none.
    package mutating func explain(_ name: String, help: String) {
        let identity = SeriesHash.of(family: name)
        guard let family = self[identity: identity]?.family, family.help == nil else { return }
        shards[FamilyIndex.shard(of: identity)][identity]?.family = Family(
            name, kind: family.kind, help: help)
    }

    /// Removes an owner's samples of this name.
    package mutating func remove(_ name: String, of owner: Int) {
        if isEmpty { return }
        let identity = SeriesHash.of(family: name)
        let shard = FamilyIndex.shard(of: identity)
        guard var entry = shards[shard].removeValue(forKey: identity) else { return }
        entry.replace(nil, of: owner)
        if entry.count > 0 {
            shards[shard][identity] = entry
        } else {
            count -= 1
        }
    }

    private static func shard(of identity: UInt64) -> Int {
        // The high bits: the dictionary inside uses the low ones.
        Int(truncatingIfNeeded: identity >> 56) & (shardCount - 1)
    }
}
