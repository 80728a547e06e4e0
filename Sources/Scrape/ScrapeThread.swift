internal import Exposition
package import HTTP
package import Host
package import Kernel
package import Logging
internal import Synchronization

/// The thread that makes pages, and the watchdog that relieves it when a collector is slow.
///
/// One thread makes whole pages: collectors keep what they have rendered, and scrapers that ask for the
/// same page while one is made share the next. Such a page has the time of the scraper that waits the
/// longest. When half of the time of another is over and the thread is in a collector, a second thread
/// makes a page without that collector for it. A collector that the thread is in for longer than
/// `Collectors.timeout`, and than half of the longest scraper's time, hangs: another thread takes the
/// place of the first, which ends when the collector returns.
package final class ScrapeThread: Sendable {
    /// A page that takes longer than this is given up when its clients are gone. Asking costs a system
    /// call per client, which shorter pages are spared.
    static let longPage = Duration.milliseconds(250)
    /// After this time the watchdog tries again to start a thread.
    private static let threadRetry = Duration.seconds(1)
    /// Time that `stop` leaves to the threads.
    private static let stopTimeout = Duration.seconds(2)

    /// The thread of a lane.
    private struct Server {
        /// The collector that the thread is in.
        var running: RunningCollector
        /// Until when it has time for a slow collector.
        let patience = SharedTime()
    }

    private let collectors: Collectors
    private let makeRenderer: @Sendable (RunningCollector, BufferPool) -> PageRenderer
    private let refused: RefusedScrapes
    private let log: Logger
    private let queue: ScrapeQueue
    // Wakes the thread that makes whole pages: rung for each scraper and at the end.
    private let wakeup: EventFD
    // Wakes the watchdog thread; set under the lock of `watchdog`.
    private let timer: TimerFD
    // Guards the decision about the timer and the system call that follows it, so that the calls of
    // the scrape thread and the watchdog thread come in the order of their decisions.
    private let watchdog = LockedValue(Watchdog())
    private let pages = BufferPool(initialCapacity: 64 << 10, keptBytes: 4 << 20)
    private let busySince = Atomic<UInt64>(0)
    private let isEnding = Atomic<Bool>(false)
    /// Bytes of the last page with all metrics, compressed or not.
    private let lastBytes = (plain: SharedTime(), compressed: SharedTime())
    // The thread that makes whole pages; `start` and then the watchdog thread replace it, `stop` joins it.
    private let thread = LockedValue<Worker?>(nil)
    // The number of the last server whose thread has ended, rung when it changes.
    private let endedServer = Atomic<Int>(-1)
    private let ended: EventFD
    // The threads of both lanes.
    private let servers: LockedValue<(whole: Server, late: Server)>
    // Started by `start`, joined by `stop`.
    private let watchdogThread = LockedValue<Worker?>(nil)
    private let tooManyScrapes: Route.Constant
    private let tooManyOfClient: Route.Constant

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
        ended = try EventFD()
        timer = try TimerFD()
        servers = LockedValue(
            (
                Server(running: RunningCollector(collectors)),
                Server(running: RunningCollector(collectors))
            ))
        tooManyScrapes = ScrapeThread.refusal(
            "Limit of concurrent requests reached (\(maxRequests)), try again later.")
        tooManyOfClient = ScrapeThread.refusal(
            "Limit of concurrent requests reached (\(maxRequests), \(queue.clientCapacity) of one client), try again later."
        )
    }

    private static func refusal(_ sentence: String) -> Route.Constant {
        Route.Constant(
            Response(
                status: 503,
                headers: [("Content-Type", ErrorFormat.plain.contentType), ("Retry-After", "1")],
                body: sentence + "\n"))
    }

    /// Starts the scrape thread and the watchdog thread. Throws what pthread_create(3) returned.
    package func start() throws(KernelError) {
        try serve(0)
        try watchdogThread.withLock { thread throws(KernelError) in
            thread = try Worker("scrape-watchdog") { self.watch() }
        }
    }

    /// Queues a scraper, or answers it 503.
    package func add(
        _ request: ScrapeRequest, deadline: ScrapeDeadline, pending: consuming PendingResponse
    ) {
        // Before the page is made; what it turns out to have is counted when it is sent.
        if request.collectors == nil {
            let last = request.isCompressed ? lastBytes.compressed : lastBytes.plain
            if !pending.hasRoom(forBytes: Int(clamping: last.value)) {
                pending.refuseForHeldResponses()
                return
            }
        }
        let client = pending.client
        add(request, deadline: deadline, client: client, scraper: HTTPScraper(pending))
    }

    func add(
        _ request: ScrapeRequest, deadline: ScrapeDeadline, client: ClientKey, scraper: any Scraper
    ) {
        let waiting = ScrapeQueue.Waiting(
            request: request, deadline: deadline, client: client, scraper: scraper)
        switch queue.add(waiting) {
        case .added:
            watchdog.withLock { change($0.scraperArrives(late: deadline.late)) }
            wakeup.signal()
        case .displaced(let displaced):
            watchdog.withLock { change($0.scraperArrives(late: deadline.late)) }
            wakeup.signal()
            refused.clientMaxRequests.wrappingAdd(1, ordering: .relaxed)
            displaced.scraper.answer(tooManyOfClient.response)
        case .full:
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
        let now = Clock.monotonicNanoseconds
        add(
            request, deadline: ScrapeDeadline(start: now, end: now &+ limit.nanoseconds),
            client: ClientKey(process: 0), scraper: scraper)
        scraper.made.wait(atMost: limit)
    }

    /// How long the current page has been in the making; 0 between pages.
    package var busyNanoseconds: UInt64 {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? 0 : Clock.monotonicNanoseconds &- since
    }

    /// Serves what is queued, then ends the threads. Threads that hang in a collector are left behind.
    package func stop() {
        queue.end()
        wakeup.signal()
        let deadline = Clock.monotonicNanoseconds &+ ScrapeThread.stopTimeout.nanoseconds
        func hasEnded() -> Bool {
            endedServer.load(ordering: .acquiring) >= queue.server(of: .whole)
        }
        while !hasEnded() || !queue.isEmpty {
            let now = Clock.monotonicNanoseconds
            if now >= deadline { break }
            ended.wait(atMost: .nanoseconds(Int64(min(deadline - now, 10_000_000))))
        }
        if let thread = thread.withLock({ $0.take() }) {
            if hasEnded() { thread.join() } else { thread.detach() }
        }
        isEnding.store(true, ordering: .relaxed)
        timer.set(atNanoseconds: 1)
        if let thread = watchdogThread.withLock({ $0.take() }) { thread.join() }
    }

    // MARK: The scrape threads

    /// Starts the thread that makes whole pages.
    private func serve(_ server: Int) throws(KernelError) {
        let collector = RunningCollector(collectors)
        try thread.withLock { thread throws(KernelError) in
            let worker = try Worker("scrape") { self.run(server, lane: .whole, running: collector) }
            if let hanging = thread.take() { hanging.detach() }
            thread = consume worker
        }
        servers.withLock { $0.whole.running = collector }
    }

    /// Starts the thread that makes pages without slow collectors. It ends when there are no scrapers for
    /// it.
    private func serveLate(_ server: Int) throws(KernelError) {
        let collector = RunningCollector(collectors)
        servers.withLock { $0.late.running = collector }
        let worker = try Worker("scrape-late") { self.run(server, lane: .late, running: collector) }
        worker.detach()
    }

    /// The body of the lane's thread with this number.
    private func run(_ server: Int, lane: ScrapeQueue.Lane, running: RunningCollector) {
        var renderer = makeRenderer(running, pages)
        while true {
            switch queue.next(server, in: lane) {
            case .end:
                if lane == .whole {
                    endedServer.max(server, ordering: .releasing)
                    ended.signal()
                }
                return
            case .wait: wakeup.wait()
            case .serve(let waiting, let late):
                switch lane {
                case .whole: answer(waiting, late: late, server: server, renderer: &renderer)
                case .late: answerLate(waiting, server: server, renderer: &renderer)
                }
            }
        }
    }

    private func answer(
        _ waiting: [ScrapeQueue.Waiting], late: UInt64, server: Int, renderer: inout PageRenderer
    ) {
        let start = Clock.monotonicNanoseconds
        let patience = waiting.reduce(0) { max($0, $1.deadline.late) }
        servers.withLock { $0.whole.patience.value = patience }
        busySince.store(start, ordering: .relaxed)
        watchdog.withLock { change($0.pageBegins(at: start, late: late)) }
        // Collectors that wait themselves, for mounts, end a little before the watchdog looks.
        let left = patience > start ? patience &- start : 0
        let scrape = PageContext(
            waiting[0].request, deadlineNanoseconds: start &+ left / 8 * 7
        ) { [queue] in
            if !queue.isWanted(server) { return false }
            let isLong = Clock.monotonicNanoseconds &- start > ScrapeThread.longPage.nanoseconds
            return !isLong || waiting.contains { !$0.scraper.isAbandoned }
        }
        let response = renderer.response(for: scrape)
        guard let served = queue.takeServed(by: server) else { return }
        busySince.store(0, ordering: .relaxed)
        watchdog.withLock { change($0.pageEnds()) }
        send(response, to: served, of: scrape.request)
    }

    private func answerLate(
        _ waiting: [ScrapeQueue.Waiting], server: Int, renderer: inout PageRenderer
    ) {
        let start = Clock.monotonicNanoseconds
        let end = waiting.reduce(UInt64.max) { min($0, $1.deadline.end) }
        let left = max(
            end > start ? end &- start : 0, ScrapeDeadline.shortestPage.nanoseconds * 2)
        watchdog.withLock { change($0.secondPageBegins(late: start &+ left / 2)) }
        let scrape = PageContext(
            waiting[0].request, deadlineNanoseconds: start &+ left / 4, isLate: true
        ) { [queue] in queue.isWanted(server, in: .late) }
        let isWanted = waiting.contains { !$0.scraper.isAbandoned }
        let response = isWanted ? renderer.response(for: scrape) : nil
        guard let served = queue.takeServed(by: server, in: .late) else { return }
        watchdog.withLock { $0.secondPageEnds() }
        send(response, to: served, of: scrape.request)
    }

    private func send(
        _ response: consuming Response?, to served: [ScrapeQueue.Waiting],
        of request: ScrapeRequest
    ) {
        guard let response else {
            // The connections are closed; dropping the scrapers ends them.
            refused.abandoned.wrappingAdd(UInt64(served.count), ordering: .relaxed)
            return
        }
        if request.collectors == nil {
            let last = request.isCompressed ? lastBytes.compressed : lastBytes.plain
            last.value = UInt64(response.bodyBytes)
        }
        for waiting in served { waiting.scraper.answer(response) }
    }

    private func change(_ change: Watchdog.TimerChange) {
        switch change {
        case .none: return
        case .clear: timer.set(atNanoseconds: nil)
        case .set(let time): timer.set(atNanoseconds: time)
        }
    }

    // MARK: The watchdog thread

    /// Servers whose thread could not be started yet.
    private struct Unstarted {
        var whole: Int?
        var late: Int?
    }

    /// The body of the watchdog thread.
    private func watch() {
        var unstarted = Unstarted()
        while true {
            timer.wait()
            if isEnding.load(ordering: .relaxed) { return }
            let now = Clock.monotonicNanoseconds
            var found = unstarted
            watchdog.withLock { watchdog in
                var (isLate, change) = watchdog.timerFires(at: now)
                if isLate {
                    let late = checkWhole(now, unstarted: &found)
                    let second = checkLate(watchdog.secondLate, now: now, unstarted: &found)
                    change = watchdog.checked(late: late, secondLate: second)
                }
                self.change(change)
            }
            unstarted = found
            if !startThreads(&unstarted) {
                let retry = now &+ ScrapeThread.threadRetry.nanoseconds
                watchdog.withLock { change($0.setTimer(retry)) }
            }
        }
    }

    /// Returns whether all threads run.
    private func startThreads(_ unstarted: inout Unstarted) -> Bool {
        do throws(KernelError) {
            if let server = unstarted.whole { try serve(server) }
            unstarted.whole = nil
            if let server = unstarted.late { try serveLate(server) }
            unstarted.late = nil
            return true
        } catch {
            log.error("cannot start a scrape thread", metadata: ["err": "\(error)"])
            return false
        }
    }

    /// Relieves the scrapers of the page that is being made; returns when to check again, nil if none is
    /// made.
    private func checkWhole(_ now: UInt64, unstarted: inout Unstarted) -> UInt64? {
        if busySince.load(ordering: .relaxed) == 0 || unstarted.whole != nil { return nil }
        let soon = now &+ ScrapeDeadline.shortestPage.nanoseconds
        let (running, patience) = servers.withLock { ($0.whole.running, $0.whole.patience.value) }
        guard let collector = running.current else {
            // Between two collectors, or busy with the page itself: another thread would be as slow.
            return max(queue.nextLate ?? soon, soon)
        }
        let (server, next) = queue.moveLate(now)
        if let server { unstarted.late = server }
        let hangs = max(collector.since &+ collectors.timeout.nanoseconds, patience)
        if now < hangs { return min(next ?? .max, hangs) }
        log.warning("skipping hung collector", metadata: ["collector": "\(collector.name)"])
        busySince.store(0, ordering: .relaxed)
        unstarted.whole = queue.failOver()
        return nil
    }

    /// The same for the page of the late scrapers, whose thread may be in another slow collector.
    private func checkLate(
        _ late: UInt64?, now: UInt64, unstarted: inout Unstarted
    ) -> UInt64? {
        guard let late else { return nil }
        if now < late { return late }
        let running = servers.withLock { $0.late.running }
        guard running.current != nil else {
            return now &+ ScrapeDeadline.shortestPage.nanoseconds
        }
        unstarted.late = queue.failOver(.late)
        return nil
    }
}

/// A number that one thread writes and others read.
final class SharedTime: Sendable {
    private let stored = Atomic<UInt64>(0)

    var value: UInt64 {
        get { stored.load(ordering: .relaxed) }
        set { stored.store(newValue, ordering: .relaxed) }
    }
}
