internal import CLinux
internal import Exposition
internal import Glibc
internal import Kernel

/// How the kernel keeps the clock right: adjtimex(2), asked without changing anything.
struct Timex: Collector, ~Copyable {
    static var name: String { "timex" }

    /// STA_NANO: offset and jitter are nanoseconds instead of microseconds.
    private static var countsNanoseconds: Int64 { 0x2000 }
    /// TIME_ERROR
    private static var isNotSynchronized: Int32 { 5 }
    /// A frequency of 1 in parts per million with 16 bits behind the point.
    private static var frequencyUnit: Double { 1e6 * 65536 }

    private let singles: [UnlabelledMetric]

    init() {
        func gauge(_ name: String, help: String) -> UnlabelledMetric {
            UnlabelledMetric("node_timex_\(name)", kind: .gauge, help: help)
        }
        func counter(_ name: String, help: String) -> UnlabelledMetric {
            UnlabelledMetric("node_timex_\(name)_total", kind: .counter, help: help)
        }
        singles = [
            gauge(
                "sync_status", help: "Is clock synchronized to a reliable server (1 = yes, 0 = no)."
            ),
            gauge(
                "offset_seconds", help: "Time offset in between local system and reference clock."),
            gauge("frequency_adjustment_ratio", help: "Local clock frequency adjustment."),
            gauge("maxerror_seconds", help: "Maximum error in seconds."),
            gauge("estimated_error_seconds", help: "Estimated error in seconds."),
            gauge("status", help: "Value of the status array bits."),
            gauge("loop_time_constant", help: "Phase-locked loop time constant."),
            gauge("tick_seconds", help: "Seconds between clock ticks."),
            gauge("pps_frequency_hertz", help: "Pulse per second frequency."),
            gauge("pps_jitter_seconds", help: "Pulse per second jitter."),
            gauge("pps_shift_seconds", help: "Pulse per second interval duration."),
            gauge(
                "pps_stability_hertz",
                help: "Pulse per second stability, average of recent frequency changes."),
            counter("pps_jitter", help: "Pulse per second count of jitter limit exceeded events."),
            counter("pps_calibration", help: "Pulse per second count of calibration intervals."),
            counter("pps_error", help: "Pulse per second count of calibration errors."),
            counter(
                "pps_stability_exceeded",
                help: "Pulse per second count of stability limit exceeded events."),
            gauge("tai_offset_seconds", help: "International Atomic Time (TAI) offset."),
        ]
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var clock = clinux_clock_discipline()
        let state = unsafe clinux_clock_discipline(&clock)
        if state < 0 {
            let error = KernelError.last("adjtimex")
            // A container may not be allowed to ask.
            scrape.isAbsent = error.code == EPERM || error.code == ENOSYS
            throw error
        }
        let values = Timex.values(clock, state: state)
        for index in 0..<values.count { page.single(singles[index], value: values[index]) }
    }

    /// In base units, in the order of the families.
    static func values(_ clock: clinux_clock_discipline, state: Int32) -> [17 of Double] {
        let fine = clock.status & countsNanoseconds != 0 ? 1e9 : 1e6
        return [
            state == isNotSynchronized ? 0 : 1,
            Double(clock.offset) / fine,
            1 + Double(clock.frequency) / frequencyUnit,
            Double(clock.max_error) / 1e6,
            Double(clock.estimated_error) / 1e6,
            Double(clock.status),
            Double(clock.constant),
            Double(clock.tick) / 1e6,
            Double(clock.pps_frequency) / frequencyUnit,
            Double(clock.jitter) / fine,
            Double(clock.shift),
            Double(clock.stability) / frequencyUnit,
            Double(clock.jitter_count),
            Double(clock.calibration_count),
            Double(clock.error_count),
            Double(clock.stability_count),
            Double(clock.tai),
        ]
    }
}
