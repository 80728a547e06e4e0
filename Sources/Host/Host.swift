package import Exposition
internal import Glibc
package import Kernel
internal import Synchronization

/// The collectors of one scrape thread: writes their families, then those about the collectors.
package struct Host: ~Copyable {
    /// What one page asks of the collectors.
    package struct ScrapeOptions {
        /// Until when collectors may wait, for mounts and for each other, on the monotonic clock.
        package var deadlineNanoseconds = UInt64.max
        /// The names of those that run, or nil for all.
        package var collectors: Set<String>?

        package init() {}
    }

    /// A collector that took longer than this on the previous page has its own CPU time read, which
    /// costs two system calls; the others share the rest of the page's by the time that each took. A
    /// collector that sleeps (a slow device, a network file system) is thereby not charged for it.
    private static let measuredAlone = Duration.milliseconds(1)

    /// The families of text files of the last page, for `Page.merge`.
    package private(set) var textFiles: FamilySource?
    private let collectors: Collectors
    private let running: RunningCollector
    private let seriesLimit: Int
    private var scrape = CollectionContext()
    private var outcomes: [CollectorRunner.Outcome]
    private var sampleCounts: [Int]
    private var ran: [Int] = []
    /// Those of `ran` whose CPU time was not read.
    private var sharing: [Int] = []
    private var reports: [CollectorMetaMetric]

    /// A family about all collectors.
    private struct CollectorMetaMetric {
        let family: Family
        let series: [Series]
        /// Whether a collector has no sample while its value is 0.
        let isRare: Bool
        let value: (CollectorRunner, CollectorRunner.Outcome, Int) -> Double
    }

    /// `includesCollectorMetrics` adds families on what each collector costs and skips. `seriesLimit` is the number
    /// of samples that one collector may write; those beyond are dropped and counted. `running` names
    /// the collector that this thread is in.
    package init(
        _ collectors: Collectors, running: RunningCollector? = nil, seriesLimit: Int,
        includesCollectorMetrics: Bool
    ) {
        self.running = running ?? RunningCollector(collectors)
        self.collectors = collectors
        self.seriesLimit = seriesLimit
        outcomes = collectors.slots.map { _ in CollectorRunner.Outcome() }
        sampleCounts = collectors.slots.map { _ in 0 }
        let labels = collectors.slots.map { LabelSet([("collector", $0.name)]) }
        reports = []
        func report(
            _ name: String, kind: Family.Kind, isRare: Bool = false, help: String,
            value: @escaping (CollectorRunner, CollectorRunner.Outcome, Int) -> Double
        ) {
            let family = Family(name, kind: kind, help: help)
            reports.append(
                CollectorMetaMetric(
                    family: family, series: labels.map { Series(family, labels: $0) },
                    isRare: isRare,
                    value: value))
        }
        report(
            "node_scrape_collector_duration_seconds", kind: .gauge,
            help: "node_exporter: Duration of a collector scrape."
        ) { _, outcome, _ in Double(outcome.durationNanoseconds) / 1e9 }
        report(
            "node_scrape_collector_success", kind: .gauge,
            help: "node_exporter: Whether a collector succeeded."
        ) { _, outcome, _ in outcome.failure == nil ? 1 : 0 }
        if !includesCollectorMetrics { return }
        report(
            "ml_exporter_collector_cpu_seconds_total", kind: .counter,
            help: "CPU time used by each collector, in seconds."
        ) { slot, _, _ in Double(slot.cpuNanoseconds.load(ordering: .relaxed)) / 1e9 }
        report(
            "ml_exporter_collector_held_counters_total", kind: .counter, isRare: true,
            help:
                "Kernel counters that decreased and were kept at their previous value, by collector."
        ) { slot, _, _ in Double(slot.heldCounters.load(ordering: .relaxed)) }
        report(
            "ml_exporter_collector_present", kind: .gauge,
            help: "Whether the machine has what the collector reads; 0 is not a failure."
        ) { _, outcome, _ in outcome.isPresent ? 1 : 0 }
        report(
            "ml_exporter_collector_series", kind: .gauge,
            help: "Samples on this page, by collector."
        ) { _, _, samples in Double(samples) }
        report(
            "ml_exporter_collector_series_dropped_total", kind: .counter, isRare: true,
            help: "Samples dropped because of --collector.series-limit, by collector."
        ) { slot, _, _ in Double(slot.droppedSamples.load(ordering: .relaxed)) }
        report(
            "ml_exporter_collector_skipped_lines_total", kind: .counter,
            help: "Malformed lines of kernel files that were skipped, by collector."
        ) { slot, _, _ in Double(slot.skippedLines.load(ordering: .relaxed)) }
        report(
            "ml_exporter_collector_timeouts_total", kind: .counter, isRare: true,
            help: "Scrapes that skipped the collector because an earlier scrape was still in it."
        ) { slot, _, _ in Double(slot.timeouts.load(ordering: .relaxed)) }
    }

    /// Runs the collectors and writes their families.
    ///
    /// `report` gets each collector whose failure differs from its previous one, so that a lasting
    /// failure is logged once, but for collectors that are skipped; `note` gets warnings. Returns false and leaves the page unfinished as
    /// soon as `isCurrent` returns false: another thread serves the scrapers then.
    package mutating func write(
        to page: inout Page, options: ScrapeOptions = ScrapeOptions(),
        isCurrent: () -> Bool = { true },
        reporting report: (String, KernelError) -> Void,
        noting note: (String, String) -> Void = { _, _ in }
    ) -> Bool {
        scrape.number = collectors.nextScrapeNumber()
        scrape.deadlineNanoseconds = options.deadlineNanoseconds
        ran.removeAll(keepingCapacity: true)
        sharing.removeAll(keepingCapacity: true)
        textFiles = nil
        let cpuStart = Clock.threadCPUNanoseconds
        var measuredCPU: UInt64 = 0
        for (index, slot) in collectors.slots.enumerated() {
            if let wanted = options.collectors, !wanted.contains(slot.name) { continue }
            let isMeasured =
                outcomes[index].durationNanoseconds > Host.measuredAlone.nanoseconds
            let cpuMark = isMeasured ? Clock.threadCPUNanoseconds : 0
            let before = page.samples
            page.allowSamples(seriesLimit)
            var outcome =
                collectors.run(
                    index, running: running, scrape: &scrape, into: &page, isCurrent: isCurrent)
                ?? CollectorRunner.Outcome(
                    failure: KernelError("an earlier scrape is still in it", subject: "collector"),
                    isSkipped: true)
            if !isCurrent() { return false }
            let dropped = page.droppedSamples
            if dropped > 0 { slot.droppedSamples.wrappingAdd(UInt64(dropped), ordering: .relaxed) }
            sampleCounts[index] = page.samples - before + scrape.mergedSamples
            if let families = scrape.mergedFamilies {
                textFiles = FamilySource(families, hasUniqueSeries: false)
                scrape.mergedFamilies = nil
            }
            for sentence in scrape.warnings { note(slot.name, sentence) }
            if isMeasured {
                let cpu = Clock.threadCPUNanoseconds &- cpuMark
                slot.cpuNanoseconds.wrappingAdd(cpu, ordering: .relaxed)
                measuredCPU &+= cpu
            } else {
                sharing.append(index)
            }
            if let failure = outcome.failure, failure != outcomes[index].failure,
                !outcome.isSkipped
            {
                report(slot.name, failure)
            }
            swap(&outcomes[index], &outcome)
            ran.append(index)
        }
        page.allowSamples(.max)
        let cpu = Clock.threadCPUNanoseconds &- cpuStart
        share(cpu > measuredCPU ? cpu &- measuredCPU : 0)
        writeReports(to: &page)
        return true
    }

    /// Charges the collectors that were not measured for this CPU time.
    private func share(_ cpu: UInt64) {
        let time = sharing.reduce(0) { $0 &+ outcomes[$1].durationNanoseconds }
        if time == 0 { return }
        for index in sharing {
            let part = Double(outcomes[index].durationNanoseconds) / Double(time)
            collectors.slots[index].cpuNanoseconds.wrappingAdd(
                UInt64(part * Double(cpu)), ordering: .relaxed)
        }
    }

    private func writeReports(to page: inout Page) {
        if ran.isEmpty { return }
        for report in reports {
            var isBegun = false
            for index in ran {
                let value = report.value(
                    collectors.slots[index], outcomes[index], sampleCounts[index])
                if report.isRare, value == 0 { continue }
                if !isBegun { page.begin(report.family) }
                isBegun = true
                page.sample(report.series[index], value: value)
            }
        }
    }
}
