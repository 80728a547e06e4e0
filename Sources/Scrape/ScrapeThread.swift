internal import Exposition
package import HTTP
package import Host
package import Kernel
package import Logging
package import Synchronization

/// The thread that makes pages, and the watchdog that replaces it when it hangs.
///
/// One thread at a time makes pages: collectors keep what they have rendered, and scrapers that ask
/// for the same page while one is made share the next. When half of the time that the scrapers have
/// is over and the thread is in a collector, the watchdog starts another thread, which makes their
/// page without that collector. The first one ends when the collector returns.
package final class ScrapeThread: Sendable {
    /// Pages that clients may hold while they read slowly; a scrape beyond that is answered 503. It
    /// bounds the memory of clients that never read: 64 pages of a usual host are 10 MB.
    package static let heldPageLimit = 64
    /// A page that takes longer than this is given up when its clients are gone. Asking costs a system
    /// call per client, which shorter pages are spared.
    static let longPage = Duration.milliseconds(250)
    /// After this time the watchdog tries again: to start a thread, or to find the collector that a
    /// late page is in.
    private static let threadRetry = Duration.seconds(1)

    private let collectors: Collectors
    private let makeRenderer: @Sendable (RunningCollector, BufferPool) -> PageRenderer
    private let refused: RefusedScrapes
    private let log: Logger
    private let queue: ScrapeQueue
    // Wakes the thread that serves: rung for each scraper and at the end.
    private let wakeup: EventFD
    // Wakes the watchdog thread; set under the lock of `watchdog`.
    private let timer: TimerFD
    // Guards the decision about the timer and the system call that follows it, so that the calls of
    // the scrape thread and the watchdog thread come in the order of their decisions.
    private let watchdog = LockedValue(Watchdog())
    private let pages = BufferPool(initialCapacity: 64 << 10, keptBytes: 4 << 20)
    private let busySince = Atomic<UInt64>(0)
    private let isEnding = Atomic<Bool>(false)
    // The thread that serves; `start` and then the watchdog thread replace it, `stop` joins it.
    private let thread = LockedValue<Worker?>(nil)
    // The collector that the thread in `thread` is in.
    private let running: LockedValue<RunningCollector>
    // Started by `start`, joined by `stop`.
    private let watchdogThread = LockedValue<Worker?>(nil)
    private let tooManyScrapes: Route.Constant
    private let tooManyPages: Route.Constant

    /// Nothing runs before `start`. `makeRenderer` is called on each new scrape thread. `maxRequests`
    /// is the number of scrapers that may wait, 0 for no limit.
    package init(
        _ collectors: Collectors, maxRequests: Int, refused: RefusedScrapes, log: Logger,
        makeRenderer: @escaping @Sendable (RunningCollector, BufferPool) -> PageRenderer
    ) throws(KernelError) {
        self.collectors = collectors
        self.makeRenderer = makeRenderer
        self.refused = refused
        self.log = log
        queue = ScrapeQueue(capacity: maxRequests)
        wakeup = try EventFD()
        timer = try TimerFD()
        running = LockedValue(RunningCollector(collectors))
        tooManyScrapes = ScrapeThread.refusal(
            "Limit of concurrent requests reached (\(maxRequests)), try again later.")
        tooManyPages = ScrapeThread.refusal(
            "Limit of unread responses reached (\(ScrapeThread.heldPageLimit)), try again later.")
    }

    private static func refusal(_ sentence: String) -> Route.Constant {
        Route.Constant(Response(status: 503, text: sentence + "\n"))
    }

    /// Starts the scrape thread and the watchdog thread. Throws what pthread_create(3) returned.
    package func start() throws(KernelError) {
        try serve(0)
        try watchdogThread.withLock { thread throws(KernelError) in
            thread = try Worker("scrape-watchdog") { self.watch() }
        }
    }

    /// Queues a scraper that waits until `end`, on the monotonic clock, or answers it 503.
    package func add(
        _ request: ScrapeRequest, until end: UInt64, pending: consuming PendingResponse
    ) {
        add(request, until: end, scraper: HTTPScraper(pending))
    }

    func add(_ request: ScrapeRequest, until end: UInt64, scraper: any Scraper) {
        if pages.taken >= ScrapeThread.heldPageLimit {
            refused.heldPages.wrappingAdd(1, ordering: .relaxed)
            scraper.answer(tooManyPages.response)
            return
        }
        let waiting = ScrapeQueue.Waiting(request: request, endNanoseconds: end, scraper: scraper)
        if queue.add(waiting) {
            wakeup.signal()
        } else {
            refused.maxRequests.wrappingAdd(1, ordering: .relaxed)
            scraper.answer(tooManyScrapes.response)
        }
    }

    /// Makes a page that is sent to no client: what `PageRenderer` reserves is known before the first
    /// scrape. Returns when it is made, or after `limit` at the latest when a collector hangs; it is then
    /// made without that collector.
    package func makeFirstPage(within limit: Duration) throws(KernelError) {
        let scraper = try FirstPageScraper()
        let request = ScrapeRequest(format: .text, isCompressed: false, collectors: nil)
        add(request, until: Clock.monotonicNanoseconds &+ limit.nanoseconds, scraper: scraper)
        scraper.made.wait(atMost: limit)
    }

    /// How long the current page has been in the making; 0 between pages.
    package var busyNanoseconds: UInt64 {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? 0 : Clock.monotonicNanoseconds &- since
    }

    /// Serves what is queued, then ends both threads. Threads that hang in a collector are left
    /// behind.
    package func stop() {
        queue.end()
        wakeup.signal()
        if let thread = thread.withLock({ $0.take() }) { thread.join() }
        isEnding.store(true, ordering: .relaxed)
        timer.set(atNanoseconds: 1)
        if let thread = watchdogThread.withLock({ $0.take() }) { thread.join() }
    }

    // MARK: The scrape thread

    private func serve(_ server: Int) throws(KernelError) {
        let collector = RunningCollector(collectors)
        try thread.withLock { thread throws(KernelError) in
            let worker = try Worker("scrape") { self.run(server, running: collector) }
            if let hanging = thread.take() { hanging.detach() }
            thread = consume worker
        }
        running.withLock { $0 = collector }
    }

    /// The body of the thread with this number.
    private func run(_ server: Int, running: RunningCollector) {
        var renderer = makeRenderer(running, pages)
        while true {
            switch queue.next(server) {
            case .end: return
            case .wait: wakeup.wait()
            case .serve(let waiting): answer(waiting, server: server, renderer: &renderer)
            }
        }
    }

    private func answer(
        _ waiting: [ScrapeQueue.Waiting], server: Int, renderer: inout PageRenderer
    ) {
        let start = Clock.monotonicNanoseconds
        let deadline = ScrapeDeadline(start: start, ends: waiting.map(\.endNanoseconds))
        busySince.store(start, ordering: .relaxed)
        watchdog.withLock { change($0.pageBegins(at: start, late: deadline.late)) }
        let scrape = PageContext(
            waiting[0].request, deadlineNanoseconds: deadline.collectors
        ) { [queue] in
            if !queue.isServing(server) { return false }
            let isLong = Clock.monotonicNanoseconds &- start > ScrapeThread.longPage.nanoseconds
            return !isLong || waiting.contains { !$0.scraper.isAbandoned }
        }
        let response = renderer.response(for: scrape)
        guard let served = queue.takeServed(by: server) else { return }
        busySince.store(0, ordering: .relaxed)
        watchdog.withLock { change($0.pageEnds()) }
        if let response {
            for waiting in served { waiting.scraper.answer(response) }
        } else {
            // The connections are closed; dropping the scrapers ends them.
            refused.abandoned.wrappingAdd(UInt64(served.count), ordering: .relaxed)
        }
    }

    private func change(_ change: Watchdog.TimerChange) {
        switch change {
        case .none: return
        case .clear: timer.set(atNanoseconds: nil)
        case .set(let time): timer.set(atNanoseconds: time)
        }
    }

    // MARK: The watchdog thread

    /// The body of the watchdog thread.
    private func watch() {
        var next: Int?
        while true {
            timer.wait()
            if isEnding.load(ordering: .relaxed) { return }
            if next == nil { next = failOverIfLate() }
            guard let server = next else { continue }
            do throws(KernelError) {
                try serve(server)
                next = nil
            } catch {
                log.error("cannot start a scrape thread", metadata: ["err": "\(error)"])
                setTimer(after: ScrapeThread.threadRetry)
            }
        }
    }

    /// The number of the thread that takes over, or nil if the current one does not hang.
    private func failOverIfLate() -> Int? {
        let isLate = watchdog.withLock { watchdog in
            let (isLate, change) = watchdog.timerFires(at: Clock.monotonicNanoseconds)
            self.change(change)
            return isLate
        }
        if !isLate { return nil }
        guard let name = running.withLock({ $0.name }) else {
            // Between two collectors, or busy with the page itself: a new thread would be as slow.
            setTimer(after: ScrapeDeadline.shortestPage)
            return nil
        }
        log.warning("skipping hung collector", metadata: ["collector": "\(name)"])
        watchdog.withLock { _ = $0.pageEnds() }
        return queue.failOver()
    }

    private func setTimer(after duration: Duration) {
        watchdog.withLock {
            change($0.setTimer(Clock.monotonicNanoseconds &+ duration.nanoseconds))
        }
    }
}

/// Scrapes that got no page, by reason, since the start.
package final class RefusedScrapes: Sendable {
    /// Answered 503 because too many scrapers waited.
    package let maxRequests = Atomic<UInt64>(0)
    /// Answered 503 because clients held too many unread pages.
    package let heldPages = Atomic<UInt64>(0)
    /// Given up because the client closed the connection.
    package let abandoned = Atomic<UInt64>(0)

    package init() {}
}
