/// One point in time on the three clocks that the daemon uses.
package struct Timestamp: Sendable, Equatable {
    /// Seconds since 1970 on the real-time clock, for timestamps that people and Prometheus read.
    package let unixSeconds: Double
    /// Nanoseconds on the monotonic clock, for deadlines within this process.
    package let monotonicNanoseconds: UInt64
    /// Seconds on `PersistentClock`, for deadlines that outlive the process.
    package let persistentSeconds: Double

    /// `persistentSeconds` defaults to `unixSeconds`: the two differ only after the real-time clock
    /// was set.
    package init(
        unixSeconds: Double, monotonicNanoseconds: UInt64, persistentSeconds: Double? = nil
    ) {
        self.unixSeconds = unixSeconds
        self.monotonicNanoseconds = monotonicNanoseconds
        self.persistentSeconds = persistentSeconds ?? unixSeconds
    }

    /// 1970, and the boot of the machine.
    package static let epoch = Timestamp(unixSeconds: 0, monotonicNanoseconds: 0)

    /// The current time of the machine.
    package static var now: Timestamp {
        Timestamp(
            unixSeconds: Double(Clock.realNanoseconds) / 1e9,
            monotonicNanoseconds: Clock.monotonicNanoseconds,
            persistentSeconds: Double(PersistentClock.nanoseconds) / 1e9)
    }

    /// The time of an event that was recorded at `unixSeconds` and `persistentSeconds`, expressed on
    /// this process's monotonic clock; 0 there if the event is older than the machine's boot.
    package func earlier(unixSeconds: Double, persistentSeconds: Double) -> Timestamp {
        let age = max(0, self.persistentSeconds - persistentSeconds) * 1e9
        let nanoseconds = age.isFinite && age < 1.8e19 ? UInt64(age) : .max
        return Timestamp(
            unixSeconds: unixSeconds,
            monotonicNanoseconds: monotonicNanoseconds > nanoseconds
                ? monotonicNanoseconds - nanoseconds : 0,
            persistentSeconds: persistentSeconds)
    }
}

/// Where code that depends on time reads it, so that a test can pass a time of its own.
package struct TimeSource: Sendable {
    private let read: @Sendable () -> Timestamp

    package init(_ read: @escaping @Sendable () -> Timestamp) {
        self.read = read
    }

    /// The clocks of the machine.
    package static let system = TimeSource { .now }

    package var now: Timestamp { read() }
}
