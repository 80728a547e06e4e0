package import Exposition
internal import Glibc
package import Kernel
internal import Synchronization

/// The machine as one thread writes it: what the collectors tell, then how they fared.
package struct Host: ~Copyable {
    /// What a page must keep to.
    package struct ScrapeOptions {
        /// When the page must be ready, on the monotonic clock.
        package var deadlineNanoseconds = UInt64.max
        /// Nil for all.
        package var collectors: Set<String>?

        package init() {}
    }

    private let collectors: Collectors
    private let seriesLimit: Int
    private var scrape = CollectionContext()
    private var outcomes: [CollectorRunner.Outcome]
    private var sampleCounts: [Int]
    private var ran: [Int] = []
    private var reports: [CollectorMetaMetric]
    // Reading the thread's CPU clock costs a system call, so that one reading per page is shared
    // out by the time that each collector took, as long as none of them waited.
    private var measuresEach = false

    /// A family about all collectors.
    private struct CollectorMetaMetric {
        let family: Family
        let series: [Series]
        /// What hardly ever happens is told of a collector from the first time on.
        let isRare: Bool
        let value: (CollectorRunner, CollectorRunner.Outcome, Int) -> Double
    }

    /// `tellsCost` adds what the collectors cost and skipped to whether they succeeded. A collector
    /// may write `seriesLimit` samples; those beyond are left out and counted.
    package init(_ collectors: Collectors, seriesLimit: Int, tellsCost: Bool) {
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
        if !tellsCost { return }
        report(
            "ml_exporter_collector_cpu_seconds_total", kind: .counter,
            help: "CPU time that a collector has used."
        ) { slot, _, _ in Double(slot.cpuNanoseconds.load(ordering: .relaxed)) / 1e9 }
        report(
            "ml_exporter_collector_held_counters_total", kind: .counter, isRare: true,
            help: "Counters of the kernel that fell and were kept at what they were."
        ) { slot, _, _ in Double(slot.heldCounters.load(ordering: .relaxed)) }
        report(
            "ml_exporter_collector_present", kind: .gauge,
            help: "Whether the machine has what a collector reads; absence is no failure."
        ) { _, outcome, _ in outcome.isPresent ? 1 : 0 }
        report(
            "ml_exporter_collector_series", kind: .gauge,
            help: "Samples that a collector wrote on this page."
        ) { _, _, samples in Double(samples) }
        report(
            "ml_exporter_collector_series_dropped_total", kind: .counter, isRare: true,
            help: "Samples of a collector that were left out because it wrote too many."
        ) { slot, _, _ in Double(slot.droppedSamples.load(ordering: .relaxed)) }
        report(
            "ml_exporter_collector_skipped_lines_total", kind: .counter,
            help: "Lines of kernel text that a collector could not use."
        ) { slot, _, _ in Double(slot.skippedLines.load(ordering: .relaxed)) }
        report(
            "ml_exporter_collector_timeouts_total", kind: .counter, isRare: true,
            help: "Pages that were made without a collector because it took too long."
        ) { slot, _, _ in Double(slot.timeouts.load(ordering: .relaxed)) }
    }

    /// Writes a page's share. `report` gets each collector that fails in a new way, so that a lasting
    /// failure is told once; `note` gets what else a collector has to say. Returns false, the page unfinished, as soon as `isCurrent` says that
    /// another thread has taken the page over.
    package mutating func write(
        to page: inout Page, order: ScrapeOptions = ScrapeOptions(),
        isCurrent: () -> Bool = { true },
        reporting report: (String, KernelError) -> Void,
        noting note: (String, String) -> Void = { _, _ in }
    ) -> Bool {
        scrape.number = collectors.nextScrapeNumber()
        scrape.deadlineNanoseconds = order.deadlineNanoseconds
        ran.removeAll(keepingCapacity: true)
        let cpuStart = Clock.threadCPUNanoseconds
        var cpuMark = cpuStart
        for (index, slot) in collectors.slots.enumerated() {
            if let wanted = order.collectors, !wanted.contains(slot.name) { continue }
            let before = page.samples
            page.allowSamples(seriesLimit)
            var outcome =
                collectors.run(index, scrape: &scrape, into: &page)
                ?? CollectorRunner.Outcome(
                    failure: KernelError(ETIMEDOUT, subject: "an earlier scrape hangs in it"))
            if !isCurrent() { return false }
            let dropped = page.droppedSamples
            if dropped > 0 { slot.droppedSamples.wrappingAdd(UInt64(dropped), ordering: .relaxed) }
            sampleCounts[index] = page.samples - before + scrape.guestSamples
            for sentence in scrape.notes { note(slot.name, sentence) }
            if measuresEach {
                let now = Clock.threadCPUNanoseconds
                slot.cpuNanoseconds.wrappingAdd(now &- cpuMark, ordering: .relaxed)
                cpuMark = now
            }
            if let failure = outcome.failure, failure != outcomes[index].failure {
                report(slot.name, failure)
            }
            swap(&outcomes[index], &outcome)
            ran.append(index)
        }
        page.allowSamples(.max)
        share(Clock.threadCPUNanoseconds &- cpuStart)
        writeReports(to: &page)
        return true
    }

    /// Shares the page's CPU time out, and decides how the next page's is measured.
    private mutating func share(_ cpu: UInt64) {
        let time = ran.reduce(0) { $0 &+ outcomes[$1].durationNanoseconds }
        if !measuresEach, time > 0 {
            for index in ran {
                let part = Double(outcomes[index].durationNanoseconds) / Double(time)
                collectors.slots[index].cpuNanoseconds.wrappingAdd(
                    UInt64(part * Double(cpu)), ordering: .relaxed)
            }
        }
        measuresEach = time > cpu &+ cpu / 4
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
