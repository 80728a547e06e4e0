internal import CLinux
internal import Glibc

/// The clocks of the machine in nanoseconds.
package enum Clock {
    /// Time that never goes backwards (`CLOCK_MONOTONIC`): for durations and deadlines.
    package static var monotonicNanoseconds: UInt64 { read(CLOCK_MONOTONIC) }

    /// Time since 1970 (`CLOCK_REALTIME`): for timestamps.
    package static var realNanoseconds: UInt64 { read(CLOCK_REALTIME) }

    /// CPU time of the calling thread (`CLOCK_THREAD_CPUTIME_ID`).
    package static var threadCPUNanoseconds: UInt64 { clinux_thread_cpu_nanoseconds() }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var now = timespec()
        unsafe clock_gettime(clock, &now)
        return UInt64(bitPattern: Int64(now.tv_sec)) &* 1_000_000_000
            &+ UInt64(bitPattern: Int64(now.tv_nsec))
    }
}

extension Duration {
    /// Whole nanoseconds, 0 for negative durations and the maximum for those beyond 584 years.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        if seconds < 0 || attoseconds < 0 { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return overflow || carry ? .max : sum
    }

    /// Seconds as a floating-point number.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
