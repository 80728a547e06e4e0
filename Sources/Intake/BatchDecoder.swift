internal import Kernel
package import Observation

/// Decodes the bodies of one protocol into batches.
///
/// A decoder is used by one thread at a time and keeps its memory from body to body, so that the
/// next one of the same kind allocates nothing. It checks everything: what is in a batch is within
/// the limits, and a batch can be applied without another look at the body.
package protocol BatchDecoder: ~Copyable {
    /// The encodings of the protocol, as the content type names them.
    associatedtype Form: Sendable

    /// Bytes after a body that must be readable; their content does not matter.
    static var padding: Int { get }

    /// Empties `batch` and `outcome`, then fills `batch` with the events of `body` and `outcome`
    /// with those that are refused. Returns the number of events, refused ones included.
    ///
    /// `now` is in Unix seconds. Errors if nothing of the body can be used.
    mutating func decode(
        _ body: Span<UInt8>, form: Form, now: Double, into batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(BodyError) -> Int

    /// Bytes of memory that the decoder keeps, about.
    var keptBytes: Int { get }
}

/// Why a whole body is refused.
package struct BodyError: Error, Sendable, Equatable {
    /// A sentence without its full stop: what is wrong and what would be right.
    package let sentence: String
    /// Whether it took `EventLimits.decodingTime` to read a part of it.
    package var isTooCostly = false
}
