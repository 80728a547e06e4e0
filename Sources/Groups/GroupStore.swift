package import Exposition
internal import Kernel

/// The groups that Pushgateway's clients push. Any thread may push, and any may take what a page
/// shows; the lock is held for the exchange of finished samples only.
package final class GroupStore: Sendable {
    private struct State {
        var table: GroupTable
        var refusals: [GroupRefusal: UInt64] = [:]
        /// What pages show while pushes wait to be kept.
        var shown: FamilyIndex?
    }

    private let state: LockedValue<State>

    /// `expiresItself` says whether groups whose time is over go by themselves, or only with
    /// `expire`.
    package init(_ limits: GroupLimits = GroupLimits(), expiresItself: Bool = true) {
        state = LockedValue(State(table: GroupTable(limits, expiresItself: expiresItself)))
    }

    package var limits: GroupLimits { state.withLock { $0.table.limits } }

    /// New limits hold for pushes from now on; what is there stays.
    package func setLimits(_ limits: GroupLimits) {
        state.withLock { $0.table.limits = limits }
    }

    /// Notes families of others, by the identities that `Page.hosts` tells: a push may not give
    /// their names another type.
    package func reserve(_ families: [UInt64: Family.Kind]) {
        if families.isEmpty { return }
        state.withLock { $0.table.reserve(families) }
    }

    /// The samples of all groups whose time is not over.
    package func families(at moment: PushTime = .now) -> FamilyIndex {
        state.withLock { state in
            if let shown = state.shown { return shown }
            state.table.expire(at: moment)
            return state.table.index
        }
    }

    /// Reads a body and takes it over. A push that is refused for what its samples are leaves its
    /// time as the group's `push_failure_time_seconds`.
    package func push(
        _ body: Span<UInt8>, as form: BodyFormat, to key: GroupingKey, order: GroupPush,
        at moment: PushTime = .now
    ) throws(GroupPushError) {
        let batch: ParsedExposition
        do throws(MetricSyntaxError) {
            batch = try form == .text ? TextParser.parse(body) : ProtobufParser.parse(body)
        } catch {
            throw GroupPushError(.syntax, sentence: error.description)
        }
        do throws(GroupPushError) {
            let families = try render(batch, key: key)
            try state.withLock { state throws(GroupPushError) in
                try state.table.push(families, to: key, order: order, at: moment)
            }
        } catch {
            state.withLock { $0.table.noteFailure(of: key, at: moment) }
            throw error
        }
    }

    private func render(
        _ batch: ParsedExposition, key: GroupingKey
    ) throws(GroupPushError) -> [RenderedFamily] {
        if batch.hasTimestamps {
            throw GroupPushError(.timestamps, sentence: "pushed metrics must not have timestamps")
        }
        var renderer = FamilyRenderer(
            labels: key.pairs, addsInstance: true, limits: limits.labels)
        do throws(SampleError) {
            return try renderer.render(batch, except: GroupTable.ownNames)
        } catch {
            throw GroupPushError(.label, sentence: error.sentence)
        }
    }

    package func remove(_ key: GroupingKey) {
        state.withLock { $0.table.remove(key) }
    }

    // MARK: Expiry

    /// Not later than the first end of a group's time, on the monotonic clock.
    package var nextExpiry: UInt64 { state.withLock { $0.table.nextExpiry } }

    /// The groups whose time is over.
    package func expired(at moment: PushTime = .now) -> [GroupingKey] {
        state.withLock { $0.table.expired(at: moment) }
    }

    /// Removes groups whose time is over.
    package func expire(_ keys: [GroupingKey]) {
        state.withLock { $0.table.expire(keys) }
    }

    // MARK: Pushes that wait to be kept

    /// Lets pages show what is there now, whatever is pushed until `show`.
    package func hold() {
        state.withLock { state in
            if state.shown == nil { state.shown = state.table.index }
        }
    }

    /// Lets pages show what is there from now on.
    package func show() {
        state.withLock { $0.shown = nil }
    }

    /// Forgets all groups.
    package func removeAll() {
        state.withLock { state in
            for image in state.table.images(at: .now) { state.table.remove(image.key) }
        }
    }

    // MARK: Images

    /// A group as it is now; nil when there is none.
    package func image(of key: GroupingKey, at moment: PushTime = .now) -> GroupImage? {
        state.withLock { $0.table.image(of: key, at: moment) }
    }

    /// All groups as they are now.
    package func images(at moment: PushTime = .now) -> [GroupImage] {
        state.withLock { state in
            state.table.expire(at: moment)
            return state.table.images(at: moment)
        }
    }

    /// Makes a group what it was. Limits do not count here: they did when it was pushed.
    package func restore(_ image: GroupImage, at moment: PushTime = .now) {
        state.withLock { $0.table.restore(image, at: moment) }
    }

    // MARK: Numbers about itself

    package struct Counts: Sendable {
        package let groups: Int
        package let series: Int
        package let bytes: Int
        package let expired: UInt64
        /// Refused pushes by reason.
        package let refused: [GroupRefusal: UInt64]
    }

    package var counts: Counts {
        state.withLock { state in
            Counts(
                groups: state.table.groupCount, series: state.table.seriesCount,
                bytes: state.table.byteCount,
                expired: state.table.expiredCount, refused: state.refusals)
        }
    }

    func count(_ refusal: GroupRefusal) {
        state.withLock { $0.refusals[refusal, default: 0] &+= 1 }
    }
}
