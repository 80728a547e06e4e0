internal import Kernel
package import Observation

/// A push that has been decoded. One thread at a time has it: the one that decodes it, then the one
/// that decides and applies it.
package final class DecodedPush: @unchecked Sendable {
    package var batch = Batch()
    package var outcome = BatchOutcome()
    package private(set) var key: IdempotencyKey?
    /// Who pushes: the number of the producer, once it is admitted.
    package internal(set) var sender = Sender.anonymous
    var items = 0
    /// Unix seconds when it came.
    var time = 0.0
    /// The same on the monotonic clock, in nanoseconds.
    var began: UInt64 = 0

    /// What it holds of the memory for pushes, until it is released.
    var claim: ByteClaim?

    init() {}

    func begin(_ key: IdempotencyKey?, sender: Sender, at began: UInt64) {
        self.key = key
        self.sender = sender
        self.began = began
        time = Double(Clock.realNanoseconds) / 1e9
    }

    var keptBytes: Int { batch.keptBytes }
}
