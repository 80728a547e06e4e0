internal import Exposition
internal import Kernel
internal import Settings

/// CPU time by mode from /proc/stat, throttling and online state from
/// /sys/devices/system/cpu (Documentation/ABI/testing/sysfs-devices-system-cpu).
struct CPU: Collector, ~Copyable {
    static var name: String { "cpu" }

    private static var modes: [String] {
        ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
    }

    private let statistics: ProcStat
    private let showsGuest: Bool
    private var table: SeriesTable
    private var counters = MonotonicCounters()
    private var topology: CPUTopology
    private var info: CPUInfo?

    init(_ machine: CollectorResources, settings: CPUSettings) {
        statistics = machine.statistics
        showsGuest = settings.showsGuest
        let seconds = Family(
            "node_cpu_seconds_total", kind: .counter,
            help: "Seconds the CPUs spent in each mode.")
        let guestSeconds = Family(
            "node_cpu_guest_seconds_total", kind: .counter,
            help: "Seconds the CPUs spent in guests (VMs) for each mode.")
        table = SeriesTable(
            CPU.modes.map { SeriesTable.Column(seconds, labels: [("mode", $0)]) }
                + ["user", "nice"].map { SeriesTable.Column(guestSeconds, labels: [("mode", $0)]) })
        topology = CPUTopology(machine.roots)
        if settings.showsInfo {
            info = CPUInfo(
                machine.roots, showsFrequency: settings.showsFrequency, flags: settings.flags,
                bugs: settings.bugs)
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if info != nil { try info?.collect(&scrape, into: &page) }
        try statistics.refresh(&scrape)
        writeSeconds(&scrape, to: &page)
        topology.collect(&scrape, processors: statistics.processors.count, into: &page)
    }

    mutating func writeSeconds(_ scrape: inout CollectionContext, to page: inout Page) {
        table.begin()
        for (number, ticks) in statistics.processors {
            let held = counters.clamp(number, ticks: ticks, heldCounters: &scrape.heldCounters)
            guard let row = CPU.row(number, in: &table) else { continue }
            for column in 0..<(showsGuest ? 10 : 8) {
                // guest time is already inside user and nice
                table[row, column] = Double(held[column]) / Clock.ticksPerSecond
            }
        }
        table.end()
        counters.forget(allBut: statistics.processors)
        table.write(to: &page)
    }

    /// The row of a CPU, whose only label is its number.
    static func row(_ number: UInt64, in table: inout SeriesTable) -> Int? {
        var digits: [20 of UInt8] = .init(repeating: 0)
        var first = 20
        var rest = number
        repeat {
            first -= 1
            digits[first] = UInt8(0x30 + rest % 10)
            rest /= 10
        } while rest > 0
        return table.row(
            digits.span.extracting(first..<20), labels: { [("cpu", String(number))] })
    }
}

extension Span where Element == UInt8 {
    /// The number of the CPU that a word of a table's head names: `CPU0 CPU1 ...`, online ones
    /// only. Nil for another word.
    var processorNumber: UInt64? {
        starts(with: "CPU") ? extracting(droppingFirst: 3).unsigned : nil
    }
}
