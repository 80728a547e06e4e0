internal import Exposition

extension ControlGroupRows {
    static var columns: [SeriesTable.Column] {
        let events = Family(
            "ml_cgroup_memory_events_total", kind: .counter,
            help: "Times that a limit of the memory of the control group took effect.")
        return Column.allCases.map { column in
            if let event = event(column) {
                return SeriesTable.Column(events, labels: [("event", event)])
            }
            let (name, kind, help) = family(column)
            return SeriesTable.Column(Family("ml_cgroup_\(name)", kind: kind, help: help))
        }
    }

    /// How memory.events calls it.
    private static func event(_ column: Column) -> String? {
        switch column {
        case .eventLow: "low"
        case .eventHigh: "high"
        case .eventMax: "max"
        case .eventOOM: "oom"
        case .eventOOMKill: "oom_kill"
        case .eventOOMGroupKill: "oom_group_kill"
        default: nil
        }
    }

    private static func family(_ column: Column) -> (String, Family.Kind, String) {
        switch column {
        case .usage: ("cpu_usage_seconds_total", .counter, "CPU time of the control group.")
        case .user:
            ("cpu_user_seconds_total", .counter, "CPU time of the control group in user mode.")
        case .system:
            ("cpu_system_seconds_total", .counter, "CPU time of the control group in the kernel.")
        case .periods:
            (
                "cpu_periods_total", .counter,
                "Periods in which the control group could have run, counted while it has a limit."
            )
        case .throttledPeriods:
            (
                "cpu_throttled_periods_total", .counter,
                "Periods in which the control group used up its CPU time."
            )
        case .throttled:
            (
                "cpu_throttled_seconds_total", .counter,
                "Time that the control group had to wait for its next period."
            )
        case .cpuLimit:
            (
                "cpu_limit_cores", .gauge,
                "CPUs that the control group may use; absent without a limit."
            )
        case .memoryCurrent:
            ("memory_current_bytes", .gauge, "Memory that the control group uses.")
        case .memoryPeak:
            ("memory_peak_bytes", .gauge, "Most memory that the control group has ever used.")
        case .memoryLimit:
            (
                "memory_limit_bytes", .gauge,
                "Memory beyond which the control group is killed; absent without a limit."
            )
        case .memoryHigh:
            (
                "memory_high_bytes", .gauge,
                "Memory beyond which the control group is slowed down; absent without a limit."
            )
        case .swapCurrent: ("swap_current_bytes", .gauge, "Swap that the control group uses.")
        case .swapLimit:
            (
                "swap_limit_bytes", .gauge,
                "Swap that the control group may use; absent without a limit."
            )
        case .pids: ("pids", .gauge, "Processes and threads of the control group.")
        case .pidsLimit:
            (
                "pids_limit", .gauge,
                "Processes and threads that the control group may have; absent without a limit."
            )
        case .cpuWaiting: pressure("cpu", isStalled: false)
        case .cpuStalled: pressure("cpu", isStalled: true)
        case .memoryWaiting: pressure("memory", isStalled: false)
        case .memoryStalled: pressure("memory", isStalled: true)
        case .ioWaiting: pressure("io", isStalled: false)
        case .ioStalled: pressure("io", isStalled: true)
        case .eventLow, .eventHigh, .eventMax, .eventOOM, .eventOOMKill, .eventOOMGroupKill:
            preconditionFailure("an event has its own family")
        }
    }

    private static func pressure(
        _ resource: String, isStalled: Bool
    ) -> (String, Family.Kind, String) {
        (
            "pressure_\(resource)_\(isStalled ? "stalled" : "waiting")_seconds_total", .counter,
            "Time in which \(isStalled ? "every" : "some") process of the control group waited for \(resource)."
        )
    }

    static func column(_ column: DeviceColumn) -> SeriesTable.Column {
        let (name, help) =
            switch column {
            case .readBytes: ("read_bytes_total", "Bytes that the control group read.")
            case .writtenBytes: ("written_bytes_total", "Bytes that the control group wrote.")
            case .reads: ("reads_total", "Reads of the control group.")
            case .writes: ("writes_total", "Writes of the control group.")
            case .discardedBytes:
                ("discarded_bytes_total", "Bytes that the control group discarded.")
            case .discards: ("discards_total", "Discards of the control group.")
            }
        return SeriesTable.Column(Family("ml_cgroup_io_\(name)", kind: .counter, help: help))
    }
}
