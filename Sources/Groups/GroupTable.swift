internal import Exposition
internal import Kernel

/// The groups, their samples by name, and what pushes do to them. A push is applied completely or not
/// at all. Its cost depends on its size and that of its group, not on the number of groups.
struct GroupTable {
    /// One group; its samples are also in the index, under its number.
    struct Group: Sendable {
        let number: Int
        /// The labels of its two push time metrics.
        let labels: LabelSet
        var parts: [String: RenderedFamily] = [:]
        var seriesCount = 0
        /// Of the samples and the two times.
        var byteCount = 0
        /// Unix seconds; 0 for never.
        var pushedSeconds = 0.0
        var failedSeconds = 0.0
        /// On the monotonic clock; the maximum for never.
        var expiry = UInt64.max
    }

    var limits: GroupLimits
    /// The families of others on the page, by what identifies a family there.
    private(set) var reserved: [UInt64: Family.Kind] = [:]
    private(set) var index = FamilyIndex()
    var seriesCount = 0
    var byteCount = 0
    private(set) var expiredCount: UInt64 = 0
    private(set) var groups = GroupDirectory()
    private var register = SeriesSet()
    private var nextNumber = 0
    /// Not later than the first end of a group's time.
    private(set) var nextExpiry = UInt64.max

    init(_ limits: GroupLimits) {
        self.limits = limits
    }

    var groupCount: Int { groups.count }

    /// Keeps the types of the names of others; their names are few and never change their types.
    mutating func reserve(_ families: [UInt64: Family.Kind]) {
        reserved.merge(families) { $1 }
    }

    static let pushTime = Family(
        "push_time_seconds", kind: .gauge,
        help: "Last Unix time when changing this group in the Pushgateway succeeded.")
    static let failureTime = Family(
        "push_failure_time_seconds", kind: .gauge,
        help: "Last Unix time when changing this group in the Pushgateway failed.")
    /// Names that only the daemon writes.
    static let ownNames: Set<String> = [pushTime.name, failureTime.name]

    // MARK: Pushes

    /// What a push that is not refused puts in the place of what.
    private struct Plan {
        /// Families as they are after the push, and those that they replace.
        var present: [RenderedFamily] = []
        var removed: [RenderedFamily] = []
        /// What of it was pushed to be added to what was there.
        var added: [RenderedFamily] = []
        var put: [RenderedFamily] = []
    }

    /// Takes over a push that succeeded up to here, or refuses it and changes nothing. Families are
    /// those of one body, each name once.
    mutating func push(
        _ families: [RenderedFamily], to key: GroupingKey, order: GroupPush, at time: Timestamp
    ) throws(GroupPushError) -> GroupChange {
        // Nothing of the group is held while it changes: its parts would be copied.
        let plan = try plan(families, of: groups[key], order: order)
        let isNew = groups[key] == nil
        try swapSeries(plan.removed, new: plan.present)
        if isNew {
            do throws(GroupPushError) {
                try create(key)
            } catch {
                for part in plan.present { unregister(part) }
                throw error
            }
        }
        let expiry = GroupTable.expiry(order.timeToLive ?? limits.timeToLive, at: time)
        let former = exchange(key, removed: plan.removed, present: plan.present) { group in
            group.pushedSeconds = time.unixSeconds
            group.expiry = expiry
        }
        return change(
            of: key, plan: plan, replacesAll: order.mode == .replace, at: time,
            former: isNew ? .none : former)
    }

    private func plan(
        _ families: [RenderedFamily], of group: Group?, order: GroupPush
    ) throws(GroupPushError) -> Plan {
        var plan = Plan(present: families, put: families)
        if order.mode == .add {
            let sums = try GroupTable.sums(families, known: group?.parts ?? [:])
            plan.present = sums.sums
            plan.added = sums.added
            plan.put = sums.put
        }
        try checkNames(plan.present, group: group, mode: order.mode)
        plan.removed = GroupTable.replaced(
            plan.present, group: group, replacesAll: order.mode == .replace)
        try checkLimits(
            GroupTable.series(plan.present) - GroupTable.series(plan.removed),
            moreBytes: GroupTable.bytes(plan.present) - GroupTable.bytes(plan.removed),
            group: group)
        return plan
    }

    /// Sets the time of the last refused push to this group, which is created if it does not exist.
    /// Returns nil if there is no place for it.
    mutating func recordFailure(of key: GroupingKey, at time: Timestamp) -> GroupChange? {
        let isNew = groups[key] == nil
        if isNew {
            guard groups.count < limits.groups, (try? create(key)) != nil else { return nil }
        }
        let expiry = GroupTable.expiry(limits.timeToLive, at: time)
        let former = exchange(key, removed: [], present: []) { group in
            group.failedSeconds = time.unixSeconds
            if isNew { group.expiry = expiry }
        }
        return change(
            of: key, plan: Plan(), replacesAll: false, at: time, former: isNew ? .none : former)
    }

    private func change(
        of key: GroupingKey, plan: Plan, replacesAll: Bool, at time: Timestamp,
        former: GroupChange.Former
    ) -> GroupChange {
        var times = GroupChange.Times()
        if let group = groups[key] { times = GroupTable.times(of: group, at: time) }
        return GroupChange(
            key, put: plan.put, added: plan.added, replacesAll: replacesAll, times: times,
            former: former)
    }

    /// Removes a group; nil if it is not there.
    @discardableResult
    mutating func remove(_ key: GroupingKey) -> GroupChange? {
        guard let group = groups.remove(key) else { return nil }
        for (name, part) in group.parts {
            unregister(part)
            index.remove(name, of: group.number)
        }
        for family in [GroupTable.pushTime, GroupTable.failureTime] {
            unregister(RenderedFamily(family, labels: group.labels, value: 0))
            index.remove(family.name, of: group.number)
        }
        seriesCount -= group.seriesCount
        byteCount -= group.byteCount
        return GroupChange(removing: key, group: group)
    }

    mutating func removeAll() {
        groups = GroupDirectory()
        register = SeriesSet()
        index = FamilyIndex()
        (seriesCount, byteCount) = (0, 0)
        nextExpiry = .max
    }

    // MARK: Groups

    /// Creates a group without samples. `checksLimits` is false for a group that is restored: the
    /// limits were checked when it was pushed.
    mutating func create(
        _ key: GroupingKey, checksLimits: Bool = true
    ) throws(GroupPushError) {
        var labels = key.pairs
        if !labels.contains(where: { $0.name == "instance" }) { labels.append(("instance", "")) }
        var group = Group(number: nextNumber, labels: LabelSet(labels))
        let times = [GroupTable.pushTime, GroupTable.failureTime].map {
            RenderedFamily($0, labels: group.labels, value: 0)
        }
        // Before its first sample a group takes its two times and its labels.
        group.byteCount = GroupTable.bytes(times) + 3 * group.labels.bytes.count
        if checksLimits, byteCount + group.byteCount > limits.bytes { throw tooManyBytes }
        try swapSeries([], new: times)
        byteCount += group.byteCount
        nextNumber += 1
        groups.insert(group, for: key)
    }

    /// Puts families in the place of others in a group that is there, changes it by `body` and shows
    /// its two times. The series of the families are registered already. Returns how the group was.
    @discardableResult
    mutating func exchange(
        _ key: GroupingKey, removed: [RenderedFamily], present: [RenderedFamily],
        body: (inout Group) -> Void
    ) -> GroupChange.Former {
        guard var group = groups.remove(key) else { return .none }
        let former = GroupChange.Former.parts(
            removed: removed, present: present, pushed: group.pushedSeconds,
            failed: group.failedSeconds, expiry: group.expiry)
        for part in removed { group.parts[part.family.name] = nil }
        for part in present {
            group.parts[part.family.name] = part
            index.put(part, of: group.number)
        }
        for part in removed where group.parts[part.family.name] == nil {
            index.remove(part.family.name, of: group.number)
        }
        let series = GroupTable.series(present) - GroupTable.series(removed)
        let bytes = GroupTable.bytes(present) - GroupTable.bytes(removed)
        group.seriesCount += series
        group.byteCount += bytes
        seriesCount += series
        byteCount += bytes
        body(&group)
        show(group)
        groups.insert(group, for: key)
        return former
    }

    /// Shows the two times of a group, and lets it expire.
    private mutating func show(_ group: Group) {
        index.put(
            RenderedFamily(GroupTable.pushTime, labels: group.labels, value: group.pushedSeconds),
            of: group.number)
        index.put(
            RenderedFamily(
                GroupTable.failureTime, labels: group.labels, value: group.failedSeconds),
            of: group.number)
        nextExpiry = min(nextExpiry, group.expiry)
    }

    /// Inserts a group that `remove` has removed.
    mutating func insert(_ group: Group, for key: GroupingKey) {
        let times = [GroupTable.pushTime, GroupTable.failureTime].map {
            RenderedFamily($0, labels: group.labels, value: 0)
        }
        // Nothing has taken its series meanwhile: what came later is undone before.
        guard (try? swapSeries([], new: times + group.parts.values)) != nil else { return }
        for part in group.parts.values { index.put(part, of: group.number) }
        seriesCount += group.seriesCount
        byteCount += group.byteCount
        show(group)
        groups.insert(group, for: key)
    }

    // MARK: Expiry

    /// The maximum delay between the expiry of a group and its removal.
    private static let expiryGrain = Duration.milliseconds(250)

    /// When a group expires that lives for so long, on the monotonic clock; the maximum for never.
    private static func expiry(_ timeToLive: Duration?, at time: Timestamp) -> UInt64 {
        guard let timeToLive, timeToLive > .zero else { return .max }
        let (sum, overflow) = time.monotonicNanoseconds.addingReportingOverflow(
            timeToLive.nanoseconds)
        return overflow ? .max : sum
    }

    /// The groups that have expired. They stay until `expire`: their removal is recorded first.
    mutating func expired(at time: Timestamp) -> [GroupingKey] {
        let now = time.monotonicNanoseconds
        if now < nextExpiry { return [] }
        var expired: [GroupingKey] = []
        var next = UInt64.max
        groups.forEach { key, group in
            if group.expiry <= now { expired.append(key) } else { next = min(next, group.expiry) }
        }
        // Bounds how often all groups are searched when many expire one after the other. Expired
        // groups that the caller has not removed yet are returned again.
        nextExpiry = max(expired.isEmpty ? next : now, now &+ GroupTable.expiryGrain.nanoseconds)
        return expired
    }

    mutating func expire(_ keys: [GroupingKey]) {
        for key in keys where remove(key) != nil { expiredCount &+= 1 }
    }

    // MARK: Series

    static func bytes(_ families: [RenderedFamily]) -> Int {
        families.reduce(0) { $0 + $1.byteCount }
    }

    static func series(_ families: [RenderedFamily]) -> Int {
        families.reduce(0) { $0 + $1.count }
    }

    /// The families of a group that go when others come.
    static func replaced(
        _ families: [RenderedFamily], group: Group?, replacesAll: Bool
    ) -> [RenderedFamily] {
        guard let group else { return [] }
        if replacesAll { return Array(group.parts.values) }
        return families.compactMap { group.parts[$0.family.name] }
    }

    /// Registers the series of `new` in place of those of `old`; refuses, without a change, what
    /// would be there twice.
    mutating func swapSeries(
        _ old: [RenderedFamily], new: [RenderedFamily]
    ) throws(GroupPushError) {
        for part in old { unregister(part) }
        for (place, part) in new.enumerated() {
            for line in 0..<part.count where !register.insert(part.identities[line]) {
                for earlier in 0..<line { register.remove(part.identities[earlier]) }
                for earlier in new[..<place] { unregister(earlier) }
                for part in old {
                    for identity in part.identities { _ = register.insert(identity) }
                }
                throw GroupPushError(
                    .duplicate,
                    sentence:
                        "collected metric \(part.series(line)) was collected before with the same name and label values"
                )
            }
        }
    }

    mutating func unregister(_ part: RenderedFamily) {
        for identity in part.identities { register.remove(identity) }
    }
}
