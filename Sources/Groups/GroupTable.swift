internal import Exposition
internal import Kernel

/// The groups, their samples by name, and what pushes do to them. A push is applied completely or not
/// at all. Its cost depends on its size and that of its group, not on the number of groups.
struct GroupTable {
    /// One group; its samples are also in the index, under its number.
    struct Group {
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
    private(set) var groups: [GroupingKey: Group] = [:]
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

    /// Takes over a push that succeeded up to here, or refuses it and changes nothing. Families are
    /// those of one body, each name once.
    mutating func push(
        _ families: [RenderedFamily], to key: GroupingKey, order: GroupPush, at time: Timestamp
    ) throws(GroupPushError) {
        let group = groups[key]
        var families = families
        if order.mode == .add {
            families = try GroupTable.sums(families, known: group?.parts ?? [:])
        }
        try checkNames(families, group: group, mode: order.mode)
        let replaced = GroupTable.replaced(families, group: group, mode: order.mode)
        let added = families.reduce(0) { $0 + $1.count }
        let removed = replaced.reduce(0) { $0 + $1.count }
        let bytes = GroupTable.bytes(families) - GroupTable.bytes(replaced)
        try checkLimits(added - removed, moreBytes: bytes, group: group)
        let isNew = group == nil
        try swapSeries(replaced, new: families)
        if isNew {
            do throws(GroupPushError) {
                try create(key)
            } catch {
                for part in families { unregister(part) }
                throw error
            }
        }
        change(key) { group, index in
            for part in replaced {
                group.parts[part.family.name] = nil
            }
            for part in families {
                group.parts[part.family.name] = part
                index.put(part, of: group.number)
            }
            for part in replaced where group.parts[part.family.name] == nil {
                index.remove(part.family.name, of: group.number)
            }
            group.seriesCount += added - removed
            group.byteCount += bytes
            group.pushedSeconds = time.unixSeconds
        }
        seriesCount += added - removed
        byteCount += bytes
        renew(key, timeToLive: order.timeToLive ?? limits.timeToLive, at: time)
    }

    /// Sets the time of the last refused push to this group, which is created if it does not exist.
    mutating func recordFailure(of key: GroupingKey, at time: Timestamp) {
        if groups[key] == nil {
            guard groups.count < limits.groups, (try? create(key)) != nil else { return }
            renew(key, timeToLive: limits.timeToLive, at: time)
        }
        change(key) { group, _ in group.failedSeconds = time.unixSeconds }
    }

    mutating func remove(_ key: GroupingKey) {
        guard let group = groups.removeValue(forKey: key) else { return }
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
        groups[key] = group
    }

    /// Changes a group that is there, and shows its two times.
    mutating func change(
        _ key: GroupingKey, body: (inout Group, inout FamilyIndex) -> Void
    ) {
        guard var group = groups.removeValue(forKey: key) else { return }
        body(&group, &index)
        index.put(
            RenderedFamily(GroupTable.pushTime, labels: group.labels, value: group.pushedSeconds),
            of: group.number)
        index.put(
            RenderedFamily(
                GroupTable.failureTime, labels: group.labels, value: group.failedSeconds),
            of: group.number)
        groups[key] = group
    }

    // MARK: Expiry

    /// The maximum delay between the expiry of a group and its removal.
    private static let expiryGrain = Duration.milliseconds(250)

    mutating func renew(_ key: GroupingKey, timeToLive: Duration?, at time: Timestamp) {
        var expiry = UInt64.max
        if let timeToLive, timeToLive > .zero {
            let (sum, overflow) = time.monotonicNanoseconds.addingReportingOverflow(
                timeToLive.nanoseconds)
            expiry = overflow ? .max : sum
        }
        setExpiry(of: key, to: expiry)
    }

    /// `expiry` is on the monotonic clock.
    mutating func setExpiry(of key: GroupingKey, to expiry: UInt64) {
        groups[key]?.expiry = expiry
        nextExpiry = min(nextExpiry, expiry)
    }

    /// The groups that have expired. They stay until `expire`: their removal is recorded first.
    mutating func expired(at time: Timestamp) -> [GroupingKey] {
        let now = time.monotonicNanoseconds
        if now < nextExpiry { return [] }
        var expired: [GroupingKey] = []
        var next = UInt64.max
        for (key, group) in groups {
            if group.expiry <= now { expired.append(key) } else { next = min(next, group.expiry) }
        }
        // Bounds how often all groups are searched when many expire one after the other. Expired
        // groups that the caller has not removed yet are returned again.
        nextExpiry = max(expired.isEmpty ? next : now, now &+ GroupTable.expiryGrain.nanoseconds)
        return expired
    }

    mutating func expire(_ keys: [GroupingKey]) {
        for key in keys where groups[key] != nil {
            remove(key)
            expiredCount &+= 1
        }
    }

    // MARK: Series

    static func bytes(_ families: [RenderedFamily]) -> Int {
        families.reduce(0) { $0 + $1.byteCount }
    }

    private static func replaced(
        _ families: [RenderedFamily], group: Group?, mode: GroupPush.Mode
    ) -> [RenderedFamily] {
        guard let group else { return [] }
        if mode == .replace { return Array(group.parts.values) }
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

    private mutating func unregister(_ part: RenderedFamily) {
        for identity in part.identities { register.remove(identity) }
    }
}
