public import Exposition
public import Kernel

/// The machine: all collectors that run, in the order of their names.
///
/// One thread at a time may use it: collectors keep what they have rendered.
public struct Host: ~Copyable {
    private let slots: [Slot]
    private var scrape = Scrape()
    private let success: [Series]
    private let duration: [Series]
    private let cpu: [Series]
    private let skipped: [Series]
    private let held: [Series]
    private let present: [Series]
    private let tellsCost: Bool
    private let families = Families()

    private struct Families {
        let success = Family(
            "node_scrape_collector_success", .gauge,
            help: "node_exporter: Whether a collector succeeded.")
        let duration = Family(
            "node_scrape_collector_duration_seconds", .gauge,
            help: "node_exporter: Duration of a collector scrape.")
        let cpu = Family(
            "ml_exporter_collector_cpu_seconds_total", .counter,
            help: "CPU time that a collector has used.")
        let skipped = Family(
            "ml_exporter_collector_skipped_lines_total", .counter,
            help: "Lines of kernel text that a collector could not use.")
        let held = Family(
            "ml_exporter_collector_held_counters_total", .counter,
            help: "Counters of the kernel that fell and were kept at what they were.")
        let present = Family(
            "ml_exporter_collector_present", .gauge,
            help: "Whether the machine has what a collector reads; absence is no failure.")
    }

    /// `tellsCost` adds what the collectors cost and skipped to whether they succeeded.
    public init(_ settings: HostSettings, _ roots: Roots, tellsCost: Bool) {
        self.tellsCost = tellsCost
        let machine = Machine(roots)
        slots = Catalog.entries.filter { settings.enabled.contains($0.name) }
            .map { $0.make(machine, settings) }
        let labels = slots.map { LabelSet([("collector", $0.name)]) }
        let families = families
        success = labels.map { Series(families.success, $0) }
        duration = labels.map { Series(families.duration, $0) }
        cpu = labels.map { Series(families.cpu, $0) }
        skipped = labels.map { Series(families.skipped, $0) }
        held = labels.map { Series(families.held, $0) }
        present = labels.map { Series(families.present, $0) }
    }

    /// Writes what the collectors whose names pass tell, then how they fared. `report` gets each
    /// collector that fails in a new way, so that a lasting failure is told once.
    public mutating func write(
        to page: inout Page, where passes: (String) -> Bool,
        reporting report: (String, KernelError) -> Void
    ) {
        scrape.number &+= 1
        var ran: [Int] = []
        var cpuMark = Clock.threadCPUNanoseconds
        for (index, slot) in slots.enumerated() where passes(slot.name) {
            ran.append(index)
            if let failure = slot.run(&scrape, into: &page, cpuMark: &cpuMark) {
                report(slot.name, failure)
            }
        }
        func write(_ family: Family, _ series: [Series], _ value: (Slot) -> Double) {
            page.begin(family)
            for index in ran { page.sample(series[index], value(slots[index])) }
        }
        if ran.isEmpty { return }
        write(families.duration, duration) { $0.durationSeconds }
        write(families.success, success) { $0.succeeded ? 1 : 0 }
        if !tellsCost { return }
        write(families.cpu, cpu) { Double($0.cpuNanoseconds) / 1e9 }
        write(families.held, held) { Double($0.heldCounters) }
        write(families.present, present) { $0.isPresent ? 1 : 0 }
        write(families.skipped, skipped) { Double($0.skippedLines) }
    }
}
