import Exposition
import Glibc
import HTTP
import Kernel
import Logging
import Synchronization
import Testing

@testable import Host
@testable import Scrape

func sleepBriefly() {
    usleep(2_000)
}

/// A collector that hangs while its gate is closed.
private struct HangingCollector: Collector {
    static var name: String { "hanging" }
    let gate: Gate
    private let metric = UnlabelledMetric(
        "hanging_value", kind: .gauge, help: "Shows that the collector returned in time.")

    init(gate: Gate) {
        self.gate = gate
    }

    mutating func collect(
        _ scrape: inout CollectionContext, into page: inout Page
    ) throws(KernelError) {
        gate.pass()
        page.single(metric, value: 1)
    }
}

private final class Gate: Sendable {
    private let isOpen = Atomic<Bool>(true)
    private let inside = Atomic<Int>(0)

    func set(isOpen: Bool) {
        self.isOpen.store(isOpen, ordering: .relaxed)
    }

    var threadsInside: Int { inside.load(ordering: .relaxed) }

    func pass() {
        inside.wrappingAdd(1, ordering: .relaxed)
        while !isOpen.load(ordering: .relaxed) { sleepBriefly() }
        inside.wrappingSubtract(1, ordering: .relaxed)
    }
}

/// Scrape threads with collectors that hang. Each test ends what it starts.
@Suite(.serialized) struct ScrapeThreadTests {
    private func start(
        _ gates: [Gate], maxRequests: Int = 0, refused: RefusedScrapes = RefusedScrapes(),
        timeout: Duration = .seconds(2)
    ) throws -> ScrapeThread {
        let collectors = Collectors(
            gates.map { TypedCollectorRunner(HangingCollector(gate: $0)) }, timeout: timeout)
        var log = Logger(label: "test")
        log.logLevel = .critical
        let quiet = log
        let thread = try ScrapeThread(
            collectors, maxRequests: maxRequests, refused: refused, log: quiet
        ) { running, pages in
            PageRenderer(
                [
                    HostFamilies(
                        collectors, running: running, seriesLimit: 100,
                        includesCollectorMetrics: false,
                        log: quiet)
                ], pages: pages)
        }
        try thread.start()
        return thread
    }

    private func ask(
        _ thread: ScrapeThread, milliseconds: UInt64 = 10_000, format: Format = .text,
        of client: Int32 = 1
    ) -> FakeScraper {
        let scraper = FakeScraper()
        let now = Clock.monotonicNanoseconds
        thread.add(
            ScrapeRequest(format: format, isCompressed: false, collectors: nil),
            deadline: ScrapeDeadline(start: now, end: now &+ milliseconds * 1_000_000),
            client: ClientKey(process: client), scraper: scraper)
        return scraper
    }

    @Test func `a scraper gets a page`() throws {
        let thread = try start([Gate()])
        #expect(ask(thread).wait() == 200)
        #expect(ask(thread).wait() == 200)
        thread.stop()
        #expect(thread.busyNanoseconds == 0)
    }

    @Test func `a page is made before the first scrape, within its time when a collector hangs`()
        throws
    {
        let gate = Gate()
        let thread = try start([gate])
        try thread.makeFirstPage(within: .seconds(10))
        #expect(thread.busyNanoseconds == 0)
        gate.set(isOpen: false)
        let start = Clock.monotonicNanoseconds
        try thread.makeFirstPage(within: .milliseconds(400))
        #expect(Clock.monotonicNanoseconds &- start < 5_000_000_000)
        #expect(gate.threadsInside == 1)
        gate.set(isOpen: true)
        #expect(ask(thread).wait() == 200)
        thread.stop()
    }

    @Test func `a hung collector is skipped in time, and runs again when it returns`() throws {
        let gate = Gate()
        let thread = try start([gate])
        gate.set(isOpen: false)
        let start = Clock.monotonicNanoseconds
        #expect(ask(thread, milliseconds: 400).wait() == 200)
        let took = Clock.monotonicNanoseconds &- start
        #expect(took >= 190_000_000)
        // Later pages do not wait for it at all.
        for _ in 0..<3 { #expect(ask(thread).wait(atMost: .seconds(5)) == 200) }
        #expect(gate.threadsInside == 1)
        gate.set(isOpen: true)
        #expect(ask(thread).wait() == 200)
        thread.stop()
    }

    @Test func `two collectors that hang at the same time are both skipped`() throws {
        let (first, second) = (Gate(), Gate())
        let thread = try start([first, second])
        first.set(isOpen: false)
        #expect(ask(thread, milliseconds: 200).wait() == 200)
        #expect((first.threadsInside, second.threadsInside) == (1, 0))
        second.set(isOpen: false)
        let scraper = ask(thread, milliseconds: 2_000)
        while second.threadsInside == 0 { sleepBriefly() }
        // The first thread comes back while the second one hangs: that one is still replaced.
        first.set(isOpen: true)
        #expect(scraper.wait() == 200)
        #expect(second.threadsInside == 1)
        #expect(ask(thread).wait() == 200)
        second.set(isOpen: true)
        thread.stop()
    }

    @Test
    func `a scraper that can wait gets the whole page, one that cannot gets its page in time`()
        throws
    {
        let gate = Gate()
        let thread = try start([gate], timeout: .seconds(60))
        let whole = ask(thread)
        #expect(whole.wait() == 200)
        gate.set(isOpen: false)
        let patient = ask(thread, milliseconds: 60_000)
        while gate.threadsInside == 0 { sleepBriefly() }
        for _ in 0..<5 {
            let hasty = ask(thread, milliseconds: 200)
            #expect(hasty.wait() == 200)
            #expect(hasty.bodyBytes < whole.bodyBytes - 50)
            #expect(patient.status == nil)
        }
        #expect(gate.threadsInside == 1)
        gate.set(isOpen: true)
        #expect(patient.wait() == 200)
        // Durations have more or fewer digits.
        #expect(patient.bodyBytes > whole.bodyBytes - 50)
        thread.stop()
    }

    @Test func `a collector that hangs is skipped after its own time only`() throws {
        let gate = Gate()
        let thread = try start([gate], timeout: .milliseconds(600))
        let whole = ask(thread)
        #expect(whole.wait() == 200)
        gate.set(isOpen: false)
        // Its time is over long before that of the collector.
        #expect(ask(thread, milliseconds: 100).wait() == 200)
        let start = Clock.monotonicNanoseconds
        let later = ask(thread, milliseconds: 60_000)
        #expect(later.wait(atMost: .seconds(30)) == 200)
        #expect(later.bodyBytes < whole.bodyBytes - 50)
        #expect(Clock.monotonicNanoseconds &- start > 300_000_000)
        #expect(gate.threadsInside == 1)
        gate.set(isOpen: true)
        thread.stop()
    }

    @Test
    func `a scraper that gives its place to one of another client is answered 503 and counted`()
        throws
    {
        let gate = Gate()
        let refused = RefusedScrapes()
        let thread = try start([gate], maxRequests: 4, refused: refused)
        gate.set(isOpen: false)
        let first = ask(thread)
        while gate.threadsInside == 0 { sleepBriefly() }
        let greedy = (0..<3).map { _ in ask(thread) }
        let other = ask(thread, of: 2)
        #expect(greedy[2].wait() == 503)
        #expect(refused.clientMaxRequests.load(ordering: .relaxed) == 1)
        gate.set(isOpen: true)
        for scraper in [first, greedy[0], greedy[1], other] { #expect(scraper.wait() == 200) }
        thread.stop()
    }

    @Test func `stopping does not wait for a collector that hangs`() throws {
        let gate = Gate()
        let thread = try start([gate], timeout: .seconds(60))
        gate.set(isOpen: false)
        #expect(ask(thread, milliseconds: 100).wait() == 200)
        thread.stop()
        #expect(gate.threadsInside == 1)
        gate.set(isOpen: true)
    }

    @Test func `scrapers beyond the limit are answered 503 and counted`() throws {
        let gate = Gate()
        let refused = RefusedScrapes()
        let thread = try start([gate], maxRequests: 1, refused: refused)
        gate.set(isOpen: false)
        let first = ask(thread)
        #expect(ask(thread).wait() == 503)
        #expect(refused.maxRequests.load(ordering: .relaxed) == 1)
        gate.set(isOpen: true)
        #expect(first.wait() == 200)
        thread.stop()
    }

    @Test func `a long page whose clients are gone is given up and counted`() throws {
        let gate = Gate()
        let refused = RefusedScrapes()
        let thread = try start([gate], refused: refused)
        gate.set(isOpen: false)
        let scraper = ask(thread)
        while gate.threadsInside == 0 { sleepBriefly() }
        scraper.isAbandoned = true
        while thread.busyNanoseconds < ScrapeThread.longPage.nanoseconds * 2 { sleepBriefly() }
        gate.set(isOpen: true)
        #expect(ask(thread).wait() == 200)
        #expect(scraper.status == nil)
        #expect(refused.abandoned.load(ordering: .relaxed) == 1)
        thread.stop()
    }

    @Test func `stopping answers what is queued`() throws {
        let thread = try start([Gate()])
        let scrapers = Format.allCases.map { ask(thread, format: $0) }
        thread.stop()
        #expect(scrapers.map(\.status) == [200, 200, 200])
    }
}
