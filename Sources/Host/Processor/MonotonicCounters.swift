/// Keeps the counters of CPUs from falling.
///
/// A small step back keeps the old value. An idle time that falls by 3 s or more belongs to a CPU
/// that was unplugged: its counters start at 0.
struct MonotonicCounters {
    /// 3 s in ticks of 1/100 s.
    static let hotplugTicks: UInt64 = 300

    private static let idle = 3
    private var highest: [UInt64: ProcStat.Ticks] = [:]

    /// The counters to show; `heldCounters` grows by those that were kept.
    mutating func clamp(
        _ number: UInt64, ticks: ProcStat.Ticks, heldCounters: inout Int
    ) -> ProcStat.Ticks {
        guard let before = highest[number],
            before[MonotonicCounters.idle] < ticks[MonotonicCounters.idle]
                || before[MonotonicCounters.idle] - ticks[MonotonicCounters.idle]
                    < MonotonicCounters.hotplugTicks
        else {
            highest[number] = ticks
            return ticks
        }
        var held = ticks
        for column in 0..<10 where ticks[column] < before[column] {
            held[column] = before[column]
            heldCounters += 1
        }
        highest[number] = held
        return held
    }

    /// Forgets the CPUs that are gone.
    mutating func forget(allBut processors: [(number: UInt64, ticks: ProcStat.Ticks)]) {
        if highest.count <= processors.count { return }
        let alive = Set(processors.map(\.number))
        highest = highest.filter { alive.contains($0.key) }
    }
}
