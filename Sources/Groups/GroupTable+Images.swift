internal import Exposition
internal import Kernel

/// Groups as they were, and back.
extension GroupTable {
    func image(of key: GroupingKey, at time: Timestamp) -> GroupImage? {
        guard let group = groups[key] else { return nil }
        var end = Double.infinity
        if group.expiry != .max {
            let now = time.monotonicNanoseconds
            let left = group.expiry > now ? Double(group.expiry &- now) / 1e9 : 0
            end = time.persistentSeconds + left
        }
        return GroupImage(
            key: key, families: Array(group.parts.values), pushedSeconds: group.pushedSeconds,
            failedSeconds: group.failedSeconds, end: end)
    }

    func images(at time: Timestamp) -> [GroupImage] {
        // In the order in which they came: a store made of them shows the same page.
        groups.sorted { $0.value.number < $1.value.number }
            .compactMap { image(of: $0.key, at: time) }
    }

    /// Makes a group what it was, whatever the limits are now. Returns false if a family of it was
    /// left out because another group has one of its series.
    mutating func restore(_ image: GroupImage, at time: Timestamp) -> Bool {
        remove(image.key)
        guard (try? create(image.key, checksLimits: false)) != nil else { return false }
        var count = 0
        let families = image.families.filter { (try? swapSeries([], new: [$0])) != nil }
        let bytes = GroupTable.bytes(families)
        byteCount += bytes
        change(image.key) { group, index in
            group.byteCount += bytes
            for part in families {
                group.parts[part.family.name] = part
                index.put(part, of: group.number)
                count += part.count
            }
            group.seriesCount = count
            group.pushedSeconds = image.pushedSeconds
            group.failedSeconds = image.failedSeconds
        }
        seriesCount += count
        if image.end.isFinite {
            let left = min(max(image.end - time.persistentSeconds, 0), GroupPush.longestLifeSeconds)
            setExpiry(of: image.key, to: time.monotonicNanoseconds &+ UInt64(left * 1e9))
        }
        return families.count == image.families.count
    }
}
