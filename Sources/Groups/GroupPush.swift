internal import Exposition
internal import Kernel

/// What a push wants of its group.
package struct GroupPush: Sendable, Equatable {
    package enum Mode: Sendable {
        /// The push replaces the whole group.
        case replace
        /// The push replaces the families that have the same names.
        case update
        /// As `update`, but counters and histograms are added to those that are there.
        case add
    }

    package var mode: Mode
    /// The group's time to live from now on: 0 to keep it indefinitely, nil for the default.
    package var timeToLive: Duration?

    package init(_ mode: Mode, timeToLive: Duration? = nil) {
        self.mode = mode
        self.timeToLive = timeToLive
    }

    /// The longest time to live that a push may request.
    static let longestLifeSeconds = 100.0 * 366 * 86_400

    /// `ttl` and `aggregate` are the values of the parameters with these names.
    init(_ method: GroupMethod, ttl: [String], aggregate: [String]) throws(GroupPushError) {
        mode = method == .put ? .replace : .update
        if let word = aggregate.last {
            guard word == "sum" else {
                throw GroupPushError(
                    .syntax,
                    sentence: "aggregate=\(Quoted.text(word)) is unknown; only sum is supported")
            }
            guard method == .post else {
                throw GroupPushError(
                    .syntax, sentence: "aggregate=sum is for POST: a PUT replaces the group")
            }
            mode = .add
        }
        if let text = ttl.last {
            var cursor = Cursor(text.utf8Span.span)
            guard let seconds = cursor.decimal(), cursor.isAtEnd, seconds >= 0,
                seconds <= GroupPush.longestLifeSeconds
            else {
                throw GroupPushError(
                    .syntax, sentence: "ttl=\(Quoted.text(text)) is not a number of seconds")
            }
            timeToLive = .seconds(seconds)
        }
    }
}
