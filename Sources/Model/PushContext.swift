internal import Kernel
internal import Observation

/// The time and the sender of a push.
struct PushContext: Sendable {
    /// On the monotonic clock, in nanoseconds.
    let time: UInt64
    let unixSeconds: Double
    /// On `PersistentClock`.
    let persistentSeconds: Double
    let sender: Sender

    /// A placeholder until a reservation begins.
    init() {
        time = 0
        unixSeconds = 0
        persistentSeconds = 0
        sender = .anonymous
    }

    /// A push that arrived at `time`, which lies before the start of the process for a push that
    /// is replayed. Pages show Unix times in whole milliseconds.
    init(from sender: Sender, at time: Timestamp) {
        self.time = time.monotonicNanoseconds
        unixSeconds = (time.unixSeconds * 1000).rounded(.down) / 1000
        persistentSeconds = time.persistentSeconds
        self.sender = sender
    }
}
