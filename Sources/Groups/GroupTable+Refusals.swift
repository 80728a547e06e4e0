internal import Exposition

/// Why a push may be refused: its types, its size, sums that make no sense.
extension GroupTable {
    func checkNames(
        _ families: [RenderedFamily], group: Group?, mode: GroupPush.Mode
    ) throws(GroupPushError) {
        var declared: [String: Family.Kind] = [:]
        for part in families { declared[part.family.name] = part.family.kind }
        /// The type of a family after the push, without the types that the push declares.
        func others(_ name: String) -> Family.Kind? {
            guard let entry = index[name] else { return nil }
            let own = group.flatMap { entry.part(of: $0.number) }
            if entry.count > (own == nil ? 0 : 1) { return entry.family.kind }
            return own != nil && mode != .replace ? entry.family.kind : nil
        }
        func after(_ name: String) -> Family.Kind? { declared[name] ?? others(name) }
        for part in families {
            let family = part.family
            let own = mode == .replace ? nil : group?.parts[family.name]
            let isAlone = own != nil && index[family.name]?.count == 1
            // The machine's and the daemon's types count whatever groups have: one that was stored
            // under another type by an earlier version must not keep the right one out.
            if let known = reserved[family.identity] ?? (isAlone ? nil : others(family.name)),
                known != family.kind
            {
                throw GroupPushError(
                    .type,
                    sentence:
                        "metric family \(family.name) has type \(family.kind) but should have \(known)"
                )
            }
            for name in HistogramSuffixes.collisions(
                of: family.name, own: family.kind, among: after)
            {
                throw GroupPushError(
                    .type,
                    sentence:
                        "metric named \(Quoted.text(family.name)) collides with the parts of \(Quoted.text(name))"
                )
            }
        }
    }

    var tooManyBytes: GroupPushError {
        GroupPushError(
            .byteLimit, sentence: "all groups would take more than \(limits.bytes) bytes")
    }

    func checkLimits(
        _ more: Int, moreBytes: Int, group: Group?
    ) throws(GroupPushError) {
        if group == nil, groups.count >= limits.groups {
            throw GroupPushError(
                .groupLimit, sentence: "there are \(limits.groups) groups, the limit")
        }
        // A group that takes no more than before may stay, even beyond a limit that was lowered.
        if moreBytes > 0, byteCount + moreBytes > limits.bytes { throw tooManyBytes }
        if more <= 0 { return }
        if (group?.seriesCount ?? 0) + more > limits.groupSeries {
            throw GroupPushError(
                .seriesLimit,
                sentence: "the group would have more than \(limits.groupSeries) series")
        }
        if seriesCount + more > limits.series {
            throw GroupPushError(
                .seriesLimit, sentence: "all groups would have more than \(limits.series) series")
        }
    }

    /// What a push that adds leads to.
    struct Sums {
        /// All families as they are after the push.
        var sums: [RenderedFamily] = []
        /// Of those that were pushed: the increments, and those that replace others or are new.
        var added: [RenderedFamily] = []
        var put: [RenderedFamily] = []
    }

    /// The sums of the stored and the pushed samples. Gauges and untyped samples are
    /// replaced; `_created` is dropped, because the sum of two series has no single creation time.
    static func sums(
        _ families: [RenderedFamily], known: [String: RenderedFamily]
    ) throws(GroupPushError) -> Sums {
        var sums = Sums()
        for part in families {
            if part.family.kind == .gauge, part.family.name.hasSuffix("_created") { continue }
            var isAdded = false
            var sum = part
            if part.family.kind != .gauge, part.family.kind != .untyped {
                do throws(SumConflictError) {
                    if let own = known[part.family.name], own.family.kind == part.family.kind {
                        sum = try own.adding(part)
                        isAdded = true
                    } else {
                        try part.checkAddable()
                    }
                } catch {
                    throw GroupPushError(.aggregate, sentence: error.sentence)
                }
            }
            sums.sums.append(sum)
            if isAdded { sums.added.append(part) } else { sums.put.append(part) }
        }
        return sums
    }
}
