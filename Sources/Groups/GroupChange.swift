internal import Exposition
internal import Kernel
package import Wire

/// What one push or deletion has done to a group, or is to do again: for the record in the journal,
/// which holds what has changed and not the whole group, and for undoing it.
package struct GroupChange: Sendable {
    package let key: GroupingKey
    package let isRemoval: Bool
    /// Whether the families that the change does not name are removed.
    let replacesAll: Bool
    /// Families in the place of those with their names.
    let put: [RenderedFamily]
    /// Families that are added to those with their names (`?aggregate=sum`).
    let added: [RenderedFamily]
    /// The times of the group after the change.
    let times: Times
    /// What is left of the group as it was before.
    let former: Former

    /// When a group changed and when it ends.
    struct Times: Sendable, Equatable {
        /// Unix seconds; 0 for never.
        var pushed = 0.0
        var failed = 0.0
        /// When the group expires, in seconds on `PersistentClock`; infinite for never.
        var end = Double.infinity
    }

    enum Former: Sendable {
        /// There was no such group, or the change was read from a record.
        case none
        /// The whole group, which the change has removed.
        case group(GroupTable.Group)
        /// The families that are no longer there, those in their place, and the times.
        case parts(
            removed: [RenderedFamily], present: [RenderedFamily], pushed: Double, failed: Double,
            expiry: UInt64)
    }

    init(
        _ key: GroupingKey, put: [RenderedFamily], added: [RenderedFamily], replacesAll: Bool,
        times: Times, former: Former
    ) {
        self.key = key
        isRemoval = false
        self.replacesAll = replacesAll
        self.put = put
        self.added = added
        self.times = times
        self.former = former
    }

    /// The removal of a group.
    init(removing key: GroupingKey, group: GroupTable.Group) {
        self.key = key
        isRemoval = true
        replacesAll = true
        put = []
        added = []
        times = Times()
        former = .group(group)
    }
}

// MARK: Bytes

extension GroupChange {
    /// What the bytes begin with: the version of their form.
    private static let form: UInt64 = 1

    package func write(to record: inout ByteWriter) {
        record.write(GroupChange.form)
        key.write(to: &record)
        record.write(isRemoval)
        if isRemoval { return }
        record.write(replacesAll)
        for time in [times.pushed, times.failed, times.end] { record.write(time) }
        for families in [put, added] {
            var text = Buffer(capacity: 256)
            RenderedFamily.append(families, to: &text)
            record.write(text.bytes)
        }
    }

    /// Reads what `write` wrote; nil, and the record damaged, if it is something else.
    package init?(_ record: inout ByteReader) {
        if record.number() != GroupChange.form { record.damage() }
        guard let key = GroupingKey(&record), !record.isDamaged else { return nil }
        self.key = key
        former = .none
        isRemoval = record.flag()
        if isRemoval {
            replacesAll = true
            put = []
            added = []
            times = Times()
            return
        }
        replacesAll = record.flag()
        times = Times(pushed: record.double(), failed: record.double(), end: record.double())
        let put = RenderedFamily.families(of: record.text())
        let added = RenderedFamily.families(of: record.text())
        guard !record.isDamaged, let put, let added else {
            record.damage()
            return nil
        }
        self.put = put
        self.added = added
    }
}

/// Families of groups as text 0.0.4, which means the same to every later version of the daemon.
extension RenderedFamily {
    static func append(_ families: [RenderedFamily], to text: inout Buffer) {
        for family in families.sorted(by: { $0.family.name < $1.family.name }) {
            family.appendText(to: &text)
        }
    }

    /// The families of a text that `append` wrote; nil if the text is damaged.
    static func families(of text: Span<UInt8>) -> [RenderedFamily]? {
        if text.isEmpty { return [] }
        guard let batch = try? TextParser.parse(text) else { return nil }
        // The lines already contain the labels of the group.
        var limits = LabelLimits()
        limits.labels = .max
        limits.nameBytes = .max
        limits.valueBytes = .max
        var renderer = FamilyRenderer(limits: limits)
        return try? renderer.render(batch)
    }
}
