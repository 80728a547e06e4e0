public import Exposition
internal import Kernel

/// The groups that Pushgateway's clients push. Any thread may push, and any may take what a page
/// shows; the lock is held for the exchange of finished samples only.
public final class GroupStore: Sendable {
    private struct State {
        var table: GroupTable
        var refusals: [GroupRefusal: UInt64] = [:]
        /// What pages show while pushes wait to be kept.
        var shown: FamilyIndex?
    }

    private let state: Guarded<State>

    /// `expiresItself` says whether groups whose time is over go by themselves, or only with
    /// `expire`.
    public init(_ limits: GroupLimits = GroupLimits(), expiresItself: Bool = true) {
        state = Guarded(State(table: GroupTable(limits, expiresItself: expiresItself)))
    }

    public var limits: GroupLimits { state.withLock { $0.table.limits } }

    /// New limits hold for pushes from now on; what is there stays.
    public func setLimits(_ limits: GroupLimits) {
        state.withLock { $0.table.limits = limits }
    }

    /// Notes families of others, by the identities that `Page.hosts` tells: a push may not give
    /// their names another type.
    public func reserve(_ families: [UInt64: Family.Kind]) {
        if families.isEmpty { return }
        state.withLock { $0.table.reserve(families) }
    }

    /// The samples of all groups whose time is not over.
    public func families(at moment: Moment = .now) -> FamilyIndex {
        state.withLock { state in
            if let shown = state.shown { return shown }
            state.table.expire(at: moment)
            return state.table.index
        }
    }

    /// Reads a body and takes it over. A push that is refused for what its samples are leaves its
    /// time as the group's `push_failure_time_seconds`.
    public func push(
        _ body: Span<UInt8>, as form: BodyForm, to key: GroupingKey, _ order: PushOrder,
        at moment: Moment = .now
    ) throws(RefusedPush) {
        let batch: MetricBatch
        do throws(MetricSyntaxError) {
            batch = try form == .text ? TextParser.parse(body) : ProtobufParser.parse(body)
        } catch {
            throw RefusedPush(.syntax, error.description)
        }
        do throws(RefusedPush) {
            let families = try render(batch, key)
            try state.withLock { state throws(RefusedPush) in
                try state.table.push(families, to: key, order, at: moment)
            }
        } catch {
            state.withLock { $0.table.noteFailure(of: key, at: moment) }
            throw error
        }
    }

    private func render(
        _ batch: MetricBatch, _ key: GroupingKey
    ) throws(RefusedPush) -> [RenderedFamily] {
        if batch.hasTimestamps {
            throw RefusedPush(.timestamps, "pushed metrics must not have timestamps")
        }
        var renderer = FamilyRenderer(
            labels: key.pairs, addsInstance: true, limits: limits.labels)
        do throws(RefusedSample) {
            return try renderer.render(batch, except: GroupTable.ownNames)
        } catch {
            throw RefusedPush(.label, error.sentence)
        }
    }

    public func remove(_ key: GroupingKey) {
        state.withLock { $0.table.remove(key) }
    }

    // MARK: Expiry

    /// Not later than the first end of a group's time, on the monotonic clock.
    public var nextExpiry: UInt64 { state.withLock { $0.table.nextExpiry } }

    /// The groups whose time is over.
    public func expired(at moment: Moment = .now) -> [GroupingKey] {
        state.withLock { $0.table.expired(at: moment) }
    }

    /// Removes groups whose time is over.
    public func expire(_ keys: [GroupingKey]) {
        state.withLock { $0.table.expire(keys) }
    }

    // MARK: Pushes that wait to be kept

    /// Lets pages show what is there now, whatever is pushed until `show`.
    public func hold() {
        state.withLock { state in
            if state.shown == nil { state.shown = state.table.index }
        }
    }

    /// Lets pages show what is there from now on.
    public func show() {
        state.withLock { $0.shown = nil }
    }

    /// Forgets all groups.
    public func removeAll() {
        state.withLock { state in
            for image in state.table.images(at: .now) { state.table.remove(image.key) }
        }
    }

    // MARK: Images

    /// A group as it is now; nil when there is none.
    public func image(of key: GroupingKey, at moment: Moment = .now) -> GroupImage? {
        state.withLock { $0.table.image(of: key, at: moment) }
    }

    /// All groups as they are now.
    public func images(at moment: Moment = .now) -> [GroupImage] {
        state.withLock { state in
            state.table.expire(at: moment)
            return state.table.images(at: moment)
        }
    }

    /// Makes a group what it was. Limits do not count here: they did when it was pushed.
    public func restore(_ image: GroupImage, at moment: Moment = .now) {
        state.withLock { $0.table.restore(image, at: moment) }
    }

    // MARK: Numbers about itself

    public struct Counts: Sendable {
        public let groups: Int
        public let series: Int
        public let bytes: Int
        public let expired: UInt64
        /// Refused pushes by reason.
        public let refused: [GroupRefusal: UInt64]
    }

    public var counts: Counts {
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
