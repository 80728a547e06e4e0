internal import Exposition
internal import Kernel

/// Groups as they were, and back.
extension GroupTable {
    func image(of key: GroupingKey, at moment: PushTime) -> GroupImage? {
        guard let group = groups[key] else { return nil }
        var end = Double.infinity
        if group.expiry != .max {
            let now = moment.monotonicNanoseconds
            let left = group.expiry > now ? Double(group.expiry &- now) / 1e9 : 0
            end = moment.lastingSeconds + left
        }
        return GroupImage(
            key: key, families: Array(group.parts.values), pushState: group.pushState,
            failed: group.failed, end: end)
    }

    func images(at moment: PushTime) -> [GroupImage] {
        // In the order in which they came: a store made of them shows the same page.
        groups.sorted { $0.value.number < $1.value.number }
            .compactMap { image(of: $0.key, at: moment) }
    }

    /// Makes a group what it was, whatever the limits say by now. A series that another group has
    /// meanwhile is left to that group, with its family.
    mutating func restore(_ image: GroupImage, at moment: PushTime) {
        remove(image.key)
        guard (try? create(image.key)) != nil else { return }
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
            group.pushState = image.pushState
            group.failed = image.failed
        }
        seriesCount += count
        if image.end.isFinite {
            // Zero would be for ever.
            let left = min(
                max(image.end - moment.lastingSeconds, 1e-9), GroupPush.longestLifeSeconds)
            renew(image.key, time: .seconds(left), at: moment)
        }
    }
}
