internal import Kernel
internal import Observation

/// When a push came, and from whom.
struct PushContext: Sendable {
    /// On the monotonic clock, in nanoseconds.
    let time: UInt64
    let unixSeconds: Double
    let sender: Sender

    /// A push that has not come.
    init() {
        time = 0
        unixSeconds = 0
        sender = .anonymous
    }

    /// A push that came at some time before the last start of the daemon.
    init(unixSeconds: Double, producer: UInt64) {
        time = Clock.monotonicNanoseconds
        self.unixSeconds = unixSeconds
        sender = Sender(number: producer, process: nil)
    }

    /// A push that comes now.
    init(from sender: Sender) {
        time = Clock.monotonicNanoseconds
        unixSeconds = Double(Clock.realNanoseconds / 1_000_000) / 1000
        self.sender = sender
    }
}
