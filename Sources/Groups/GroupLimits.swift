package import Exposition

/// What pushed groups may take. Everything beyond is refused and counted.
package struct GroupLimits: Sendable, Equatable {
    /// Groups.
    package var groups = 10_000
    /// Series of one group, each bucket of a histogram counted.
    package var groupSeries = 100_000
    /// Series of all groups together.
    package var series = 100_000
    /// Bytes that the samples of all groups take in memory and on pages (`RenderedFamily.byteCount`):
    /// what bounds both when names and labels are long. 100,000 usual series take a tenth to most of it,
    /// depending on how many families they are.
    package var bytes = 96 << 20
    /// CPU time for reading one body.
    package var readingTime = Duration.seconds(2)
    /// Labels and their lengths.
    package var labels = LabelLimits()
    /// The time to live of groups whose pushes do not set another one; nil to keep them indefinitely.
    package var timeToLive: Duration?

    package init() {}
}

/// Why a push, or a part of it, was not taken over.
package enum GroupRefusal: String, Sendable, CaseIterable, Error {
    /// The body does not match its content type, or the path is not a group's.
    case syntax
    /// Samples have timestamps.
    case timestamps
    /// The name has another type in another group, or collides with the parts of a histogram.
    case type
    /// The series is there already.
    case duplicate
    /// A name or a value that Prometheus or a limit forbids.
    case label
    /// `?aggregate=sum` of what does not add up.
    case aggregate
    /// `GroupLimits.groups` are there.
    case groupLimit = "group_limit"
    /// `GroupLimits.groupSeries` or `.series` would be exceeded.
    case seriesLimit = "series_limit"
    /// `GroupLimits.bytes` would be exceeded.
    case byteLimit = "byte_limit"
    /// Reading the body took `GroupLimits.readingTime`.
    case cost = "body_too_costly"
}

/// A refusal with a sentence for the client.
package struct GroupPushError: Error, Sendable, Equatable {
    package let reason: GroupRefusal
    package let sentence: String

    package init(_ reason: GroupRefusal, sentence: String) {
        self.reason = reason
        self.sentence = sentence
    }
}
