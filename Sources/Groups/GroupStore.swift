package import Exposition
package import Kernel

/// The groups that Pushgateway's clients push. Any thread may push, and any may take what a page
/// shows; the lock is held for the exchange of finished samples only.
package final class GroupStore: Sendable {
    private struct State {
        var table: GroupTable
        var refusals: [GroupRefusal: UInt64] = [:]
        /// What pages show while changes wait for their commit.
        var shown: FamilyIndex?
        /// Changes that wait, or that are about to be made.
        var freezes = 0
    }

    private let state: LockedValue<State>

    package init(_ limits: GroupLimits = GroupLimits()) {
        state = LockedValue(State(table: GroupTable(limits)))
    }

    package var limits: GroupLimits { state.withLock { $0.table.limits } }

    /// Sets the limits of future pushes; existing groups stay.
    package func setLimits(_ limits: GroupLimits) {
        state.withLock { $0.table.limits = limits }
    }

    /// Reserves the names of families that the page has from other owners, by `Page.familyKinds`: a
    /// push must not use them with another type.
    package func reserve(_ families: [UInt64: Family.Kind]) {
        if families.isEmpty { return }
        state.withLock { $0.table.reserve(families) }
    }

    /// The samples of all groups, as pages show them.
    package var families: FamilyIndex {
        state.withLock { $0.shown ?? $0.table.index }
    }

    /// A body that was parsed; its bytes are not needed any more.
    struct ParsedBody {
        fileprivate let batch: ParsedExposition
        fileprivate let reading: ReadingLimits
        fileprivate let limits: GroupLimits
    }

    /// Parses a body. Changes nothing, so that it can run on the thread that received the request.
    ///
    /// `parsing` counts the memory of the parser, `rendering` that of the families.
    func parse(
        _ body: Span<UInt8>, as form: BodyFormat, parsing: ByteClaim?, rendering: ByteClaim?
    ) throws(ParseFailure) -> ParsedBody {
        let limits = limits
        var reading = ReadingLimits()
        reading.samples = limits.groupSeries
        reading.bytes = limits.bytes
        reading.time = CPUAllowance(limits.readingTime)
        reading.parsing = parsing
        reading.rendering = rendering
        do throws(MetricSyntaxError) {
            let batch =
                try form == .text
                ? TextParser.parse(body, limits: reading)
                : ProtobufParser.parse(body, limits: reading)
            return ParsedBody(batch: batch, reading: reading, limits: limits)
        } catch {
            if let limit = error.limit { throw GroupStore.failure(limit, limits: limits) }
            throw .refused(
                GroupPushError(.syntax, sentence: error.description), changesFailureTime: false)
        }
    }

    /// Renders the families of a body with the labels of the group.
    func render(
        _ parsed: consuming ParsedBody, key: GroupingKey
    ) throws(ParseFailure) -> [RenderedFamily] {
        let limits = parsed.limits
        if parsed.batch.hasTimestamps {
            throw .refused(
                GroupPushError(
                    .timestamps, sentence: "pushed metrics must not have timestamps"),
                changesFailureTime: true)
        }
        var renderer = FamilyRenderer(
            labels: key.pairs, addsInstance: true, limits: limits.labels, reading: parsed.reading)
        do throws(SampleError) {
            return try renderer.render(parsed.batch, except: GroupTable.ownNames)
        } catch {
            if let limit = error.limit { throw GroupStore.failure(limit, limits: limits) }
            throw .refused(
                GroupPushError(.label, sentence: error.sentence), changesFailureTime: true)
        }
    }

    private static func failure(_ limit: ReadingLimit, limits: GroupLimits) -> ParseFailure {
        switch limit {
        case .samples:
            .refused(
                GroupPushError(
                    .seriesLimit,
                    sentence: "the group would have more than \(limits.groupSeries) series"),
                changesFailureTime: true)
        case .bytes:
            .refused(
                GroupPushError(
                    .byteLimit, sentence: "all groups would take more than \(limits.bytes) bytes"),
                changesFailureTime: true)
        case .memory(let shortage): .shortage(shortage)
        case .time(let seconds):
            .refused(
                GroupPushError(
                    .cost,
                    sentence:
                        "body_too_costly: reading the body takes more than \(seconds) s of CPU time"
                ),
                changesFailureTime: false)
        }
    }

    /// Why a body was refused before the group was looked at.
    enum ParseFailure: Error {
        /// Pushgateway sets `push_failure_time_seconds` for samples that it refuses, but not for a
        /// body that it cannot parse.
        case refused(GroupPushError, changesFailureTime: Bool)
        case shortage(ByteShortage)
    }

    /// What became of a push.
    struct PushResult {
        /// Nil if nothing has changed.
        var change: GroupChange?
        /// Why the push was refused; then at most the group's `push_failure_time_seconds` changes.
        var error: GroupPushError?
    }

    /// Applies a push to a group. The time of a refused push becomes the group's
    /// `push_failure_time_seconds`.
    func push(
        _ families: [RenderedFamily], to key: GroupingKey, order: GroupPush, at time: Timestamp
    ) -> PushResult {
        state.withLock { state in
            do throws(GroupPushError) {
                return PushResult(
                    change: try state.table.push(families, to: key, order: order, at: time))
            } catch {
                return PushResult(
                    change: state.table.recordFailure(of: key, at: time), error: error)
            }
        }
    }

    /// Sets the `push_failure_time_seconds` of a group, which is created if it does not exist. Returns
    /// nil if nothing has changed.
    func setFailureTime(of key: GroupingKey, at time: Timestamp) -> GroupChange? {
        state.withLock { $0.table.recordFailure(of: key, at: time) }
    }

    /// Removes a group; nil if it is not there.
    @discardableResult
    package func remove(_ key: GroupingKey) -> GroupChange? {
        state.withLock { $0.table.remove(key) }
    }

    /// Makes a change again as it was decided. Returns false if another group has one of its series.
    package func replay(_ change: GroupChange, at time: Timestamp = .now) -> Bool {
        state.withLock { $0.table.replay(change, at: time) }
    }

    /// Undoes the last change that was not undone.
    package func undo(_ change: GroupChange) {
        state.withLock { $0.table.undo(change) }
    }

    // MARK: Expiry

    /// Not later than the first end of a group's time, on the monotonic clock.
    package var nextExpiry: UInt64 { state.withLock { $0.table.nextExpiry } }

    /// The groups that have expired.
    package func expired(at time: Timestamp = .now) -> [GroupingKey] {
        state.withLock { $0.table.expired(at: time) }
    }

    /// Removes expired groups.
    package func expire(_ keys: [GroupingKey]) {
        state.withLock { $0.table.expire(keys) }
    }

    // MARK: Changes that wait for their commit

    /// Lets pages show what is there now, whatever is pushed until `show`, or until each freeze has
    /// had its `unfreeze`.
    package func freezePages() {
        state.withLock { state in
            if state.shown == nil { state.shown = state.table.index }
            state.freezes += 1
        }
    }

    /// Lets pages show what is there from now on.
    package func show() {
        state.withLock { state in
            state.shown = nil
            state.freezes = 0
        }
    }

    /// Takes back one freeze: its change was undone, or there was none.
    package func unfreeze() {
        state.withLock { state in
            state.freezes = max(0, state.freezes - 1)
            if state.freezes == 0 { state.shown = nil }
        }
    }

    /// Forgets all groups.
    package func removeAll() {
        state.withLock { $0.table.removeAll() }
    }

    // MARK: Images

    /// All groups as they are now.
    package func images(at time: Timestamp = .now) -> GroupImages {
        state.withLock { GroupImages($0.table.groups, at: time) }
    }

    /// Makes a group what it was. Limits do not count here: they did when it was pushed.
    @discardableResult
    package func restore(_ image: GroupImage, at time: Timestamp = .now) -> Bool {
        state.withLock { $0.table.restore(image, at: time) }
    }

    // MARK: Statistics

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
