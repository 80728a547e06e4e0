internal import Exposition
internal import Kernel

/// Interrupts, context switches, forks, boot time and runnable processes of /proc/stat.
struct Stat: Collector, ~Copyable {
    static var name: String { "stat" }

    private let statistics: ProcStat
    private let showsSoftirqs: Bool
    private let interrupts = UnlabelledMetric(
        "node_intr_total", .counter, help: "Total number of interrupts serviced.")
    private let contextSwitches = UnlabelledMetric(
        "node_context_switches_total", .counter, help: "Total number of context switches.")
    private let forks = UnlabelledMetric(
        "node_forks_total", .counter, help: "Total number of forks.")
    private let bootTime = UnlabelledMetric(
        "node_boot_time_seconds", .gauge, help: "Node boot time, in unixtime.")
    private let runnable = UnlabelledMetric(
        "node_procs_running", .gauge, help: "Number of processes in runnable state.")
    private let blocked = UnlabelledMetric(
        "node_procs_blocked", .gauge,
        help: "Number of processes blocked waiting for I/O to complete.")
    private let softirqs = Family(
        "node_softirqs_total", .counter, help: "Number of softirq calls.")
    private let vectors: [Series]

    init(_ statistics: ProcStat, showsSoftirqs: Bool) {
        self.statistics = statistics
        self.showsSoftirqs = showsSoftirqs
        let family = softirqs
        vectors = ProcStat.softirqVectors.map {
            Series(family, LabelSet([("vector", $0)]))
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try statistics.refresh(&scrape)
        write(statistics.interrupts, interrupts, &page)
        write(statistics.contextSwitches, contextSwitches, &page)
        write(statistics.forks, forks, &page)
        write(statistics.bootTimeSeconds, bootTime, &page)
        write(statistics.runnable, runnable, &page)
        write(statistics.blocked, blocked, &page)
        guard showsSoftirqs, statistics.softirqs.count == vectors.count else { return }
        page.begin(softirqs)
        for (vector, calls) in zip(vectors, statistics.softirqs) {
            page.sample(vector, Double(calls))
        }
    }

    private func write(_ value: UInt64?, _ single: UnlabelledMetric, _ page: inout Page) {
        if let value { page.single(single, Double(value)) }
    }
}
