/// The groups by key.
///
/// A snapshot holds a copy while pushes change the original. A copy costs nothing; a change of a
/// directory that has a copy copies one shard of it, so that a push does not cost more the more groups
/// there are.
struct GroupDirectory: Sendable {
    /// So many that a shard of 10,000 groups has 40.
    private static let shardCount = 256

    private var shards: [[GroupingKey: GroupTable.Group]] = []
    private(set) var count = 0

    subscript(key: GroupingKey) -> GroupTable.Group? {
        shards.isEmpty ? nil : shards[GroupDirectory.shard(of: key)][key]
    }

    mutating func insert(_ group: GroupTable.Group, for key: GroupingKey) {
        if shards.isEmpty { shards = .init(repeating: [:], count: GroupDirectory.shardCount) }
        if shards[GroupDirectory.shard(of: key)].updateValue(group, forKey: key) == nil {
            count += 1
        }
    }

    /// Removes a group and returns it: taken out, it can be changed without copying its parts.
    mutating func remove(_ key: GroupingKey) -> GroupTable.Group? {
        if shards.isEmpty { return nil }
        let group = shards[GroupDirectory.shard(of: key)].removeValue(forKey: key)
        if group != nil { count -= 1 }
        return group
    }

    func forEach(_ body: (GroupingKey, GroupTable.Group) -> Void) {
        for shard in shards {
            for (key, group) in shard { body(key, group) }
        }
    }

    private static func shard(of key: GroupingKey) -> Int {
        // The high bits: the dictionary inside uses the low ones.
        Int(truncatingIfNeeded: UInt64(bitPattern: Int64(key.hashValue)) >> 56) & (shardCount - 1)
    }
}
