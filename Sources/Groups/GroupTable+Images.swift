internal import Exposition
internal import Kernel

/// Groups as they were, and changes again and back.
extension GroupTable {
    /// The times of a group, with its end on `PersistentClock`.
    static func times(of group: Group, at time: Timestamp) -> GroupChange.Times {
        var times = GroupChange.Times(pushed: group.pushedSeconds, failed: group.failedSeconds)
        if group.expiry != .max {
            let now = time.monotonicNanoseconds
            let left = group.expiry > now ? Double(group.expiry &- now) / 1e9 : 0
            times.end = time.persistentSeconds + left
        }
        return times
    }

    /// An end on `PersistentClock` on the monotonic clock.
    private static func expiry(_ end: Double, at time: Timestamp) -> UInt64 {
        if !end.isFinite { return .max }
        let left = min(max(end - time.persistentSeconds, 0), GroupPush.longestLifeSeconds)
        return time.monotonicNanoseconds &+ UInt64(left * 1e9)
    }

    /// Makes a group what it was, whatever the limits are now. Returns false if a family of it was
    /// left out because another group has one of its series.
    mutating func restore(_ image: GroupImage, at time: Timestamp) -> Bool {
        remove(image.key)
        let times = GroupChange.Times(
            pushed: image.pushedSeconds, failed: image.failedSeconds, end: image.end)
        return replay(
            GroupChange(
                image.key, put: image.families, added: [], replacesAll: true, times: times,
                former: .none), at: time)
    }

    /// Makes a change again as it was decided, whatever the limits are now. Returns false if a family
    /// was left out because another group has one of its series.
    mutating func replay(_ change: GroupChange, at time: Timestamp) -> Bool {
        if change.isRemoval {
            remove(change.key)
            return true
        }
        if groups[change.key] == nil, (try? create(change.key, checksLimits: false)) == nil {
            return false
        }
        let (removed, present) = families(of: change)
        for part in removed { unregister(part) }
        let fitting = present.filter { (try? swapSeries([], new: [$0])) != nil }
        exchange(change.key, removed: removed, present: fitting) { group in
            group.pushedSeconds = change.times.pushed
            group.failedSeconds = change.times.failed
            group.expiry = GroupTable.expiry(change.times.end, at: time)
        }
        return fitting.count == present.count
    }

    /// The families that a change removes and those that it leads to.
    private func families(
        of change: GroupChange
    ) -> (removed: [RenderedFamily], present: [RenderedFamily]) {
        let group = groups[change.key]
        var present = change.put
        for part in change.added {
            if let own = group?.parts[part.family.name], own.family.kind == part.family.kind,
                let sum = try? own.adding(part)
            {
                present.append(sum)
            } else {
                // What it was added to was lost with a damaged record.
                present.append(part)
            }
        }
        let removed = GroupTable.replaced(present, group: group, replacesAll: change.replacesAll)
        return (removed, present)
    }

    /// Makes the group what it was before a change, which is the last one that was not undone.
    mutating func undo(_ change: GroupChange) {
        switch change.former {
        case .none: remove(change.key)
        case .group(let group): insert(group, for: change.key)
        case .parts(let removed, let present, let pushed, let failed, let expiry):
            guard (try? swapSeries(present, new: removed)) != nil else { return }
            exchange(change.key, removed: present, present: removed) { group in
                group.pushedSeconds = pushed
                group.failedSeconds = failed
                group.expiry = expiry
            }
        }
    }
}

/// All groups at one moment. It is taken in no time; its images are made later, on another thread.
package struct GroupImages: Sendable {
    private let groups: GroupDirectory
    private let time: Timestamp

    init(_ groups: GroupDirectory, at time: Timestamp) {
        self.groups = groups
        self.time = time
    }

    package var count: Int { groups.count }

    /// The groups in the order in which they came: a store made of them shows the same
    /// page.
    package var keys: [GroupingKey] {
        var keys: [(number: Int, key: GroupingKey)] = []
        groups.forEach { keys.append(($1.number, $0)) }
        return keys.sorted { $0.number < $1.number }.map(\.key)
    }

    /// The image of a group; nil if the key is unknown.
    package func image(of key: GroupingKey) -> GroupImage? {
        guard let group = groups[key] else { return nil }
        let times = GroupTable.times(of: group, at: time)
        return GroupImage(
            key: key, families: Array(group.parts.values), pushedSeconds: times.pushed,
            failedSeconds: times.failed, end: times.end)
    }
}
