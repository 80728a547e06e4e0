internal import Exposition
internal import Kernel

/// Interrupts, context switches, forks, boot time and runnable processes of /proc/stat.
struct Stat: Collector, ~Copyable {
    static var name: String { "stat" }

    private let statistics: ProcStat
    private let showsSoftirqs: Bool
    private let interrupts = UnlabelledMetric(
        "node_intr_total", kind: .counter, help: "Total number of interrupts serviced.")
    private let contextSwitches = UnlabelledMetric(
        "node_context_switches_total", kind: .counter, help: "Total number of context switches.")
    private let forks = UnlabelledMetric(
        "node_forks_total", kind: .counter, help: "Total number of forks.")
    private let bootTime = UnlabelledMetric(
        "node_boot_time_seconds", kind: .gauge, help: "Node boot time, in unixtime.")
    private let runnable = UnlabelledMetric(
        "node_procs_running", kind: .gauge, help: "Number of processes in runnable state.")
    private let blocked = UnlabelledMetric(
        "node_procs_blocked", kind: .gauge,
        help: "Number of processes blocked waiting for I/O to complete.")
    private let softirqs = Family(
        "node_softirqs_total", kind: .counter, help: "Number of softirq calls.")
    private let vectors: [Series]

    init(_ statistics: ProcStat, showsSoftirqs: Bool) {
        self.statistics = statistics
        self.showsSoftirqs = showsSoftirqs
        let family = softirqs
        vectors = ProcStat.softirqVectors.map {
            Series(family, labels: LabelSet([("vector", $0)]))
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try statistics.refresh(&scrape)
        write(statistics.interrupts, single: interrupts, page: &page)
        write(statistics.contextSwitches, single: contextSwitches, page: &page)
        write(statistics.forks, single: forks, page: &page)
        write(statistics.bootTimeSeconds, single: bootTime, page: &page)
        write(statistics.runnable, single: runnable, page: &page)
        write(statistics.blocked, single: blocked, page: &page)
        guard showsSoftirqs, statistics.softirqs.count == vectors.count else { return }
        page.begin(softirqs)
        for (vector, calls) in zip(vectors, statistics.softirqs) {
            page.sample(vector, value: Double(calls))
        }
    }

    private func write(_ value: UInt64?, single: UnlabelledMetric, page: inout Page) {
        if let value { page.single(single, value: Double(value)) }
    }
}
