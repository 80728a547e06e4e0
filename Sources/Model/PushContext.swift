internal import Kernel
internal import Observation

/// The time and the sender of a push.
struct PushContext: Sendable {
    /// On the monotonic clock, in nanoseconds.
    let time: UInt64
    let unixSeconds: Double
    let sender: Sender

    /// A placeholder until a reservation begins.
    init() {
        time = 0
        unixSeconds = 0
        sender = .anonymous
    }

    /// A push of an earlier run of the daemon. A sender that was a process may still run: its state
    /// ends with it, so the process is watched again.
    init(unixSeconds: Double, producer: UInt64) {
        time = Clock.monotonicNanoseconds
        self.unixSeconds = unixSeconds
        sender = Sender(number: producer, process: Sender.Process(number: producer))
    }

    /// A push that arrives now.
    init(from sender: Sender) {
        time = Clock.monotonicNanoseconds
        unixSeconds = Double(Clock.realNanoseconds / 1_000_000) / 1000
        self.sender = sender
    }
}
