internal import Exposition
internal import HTTP
internal import Host
internal import Kernel
internal import Logging
internal import Synchronization

/// The one thread that renders pages: collectors keep what they have rendered, so nobody else may
/// touch them. Scrapers that ask for the same page while one is made share the next.
///
/// A thread that hangs in a collector is left there: when half of the time that its scrapers have is
/// over, a new thread makes their page without that collector.
final class ScrapeThread: Sendable {
    /// Pages that clients may hold while they read slowly; a scrape beyond is told 503.
    static let heldPageLimit = 64
    /// What a page gets at least, however late it is.
    static let shortestTurn = Duration.milliseconds(50)
    /// From then on a page that nobody waits for any more is given up.
    static let longPage = Duration.milliseconds(250)

    private let collectors: Collectors
    private let settings: HostSettings
    private let pushState: PushState
    private let about: SelfMetrics
    private let log: Logger
    private let queue: ScrapeQueue
    private let wakeup: EventFD
    private let alarm: TimerFD
    private let pages = BufferPool(initialCapacity: 64 << 10, keptBytes: 4 << 20)
    private let busySince = Atomic<UInt64>(0)
    /// When the page that is being made is late; 0 when none is.
    private let lateAt = Atomic<UInt64>(0)
    private let isEnding = Atomic<Bool>(false)
    private let thread = LockedValue<Worker?>(nil)
    private let relief = LockedValue<Worker?>(nil)
    private let tooMany: Route.Constant
    private let tooManyPages: Route.Constant

    init(
        _ settings: HostSettings, roots: FilesystemRoots, maxRequests: Int, pushState: PushState,
        about: SelfMetrics, log: Logger
    ) throws(KernelError) {
        collectors = Collectors(settings, roots: roots)
        self.settings = settings
        self.pushState = pushState
        self.about = about
        self.log = log
        queue = ScrapeQueue(capacity: maxRequests)
        wakeup = try EventFD()
        alarm = try TimerFD()
        tooMany = ScrapeThread.refusal(
            "Limit of concurrent requests reached (\(maxRequests)), try again later.")
        tooManyPages = ScrapeThread.refusal(
            "Clients that read slowly hold \(ScrapeThread.heldPageLimit) pages, try again later.")
    }

    private static func refusal(_ sentence: String) -> Route.Constant {
        Route.Constant(Response(status: 503, text: sentence + "\n"))
    }

    /// Serves from now on.
    func start() throws(KernelError) {
        try serve(0)
        try relief.withLock { relief throws(KernelError) in
            relief = try Worker("relief") { self.watch() }
        }
    }

    /// Puts a scraper into the queue, or tells it that there are too many.
    func ask(
        _ request: ScrapeQueue.ScrapeRequest, until deadline: UInt64,
        pending: consuming PendingResponse
    ) {
        if pages.taken >= ScrapeThread.heldPageLimit {
            about.refusedScrapes.heldPages.wrappingAdd(1, ordering: .relaxed)
            pending.answer(tooManyPages.response)
            return
        }
        let waiting = ScrapeQueue.Waiting(request, until: deadline, pending: pending)
        if queue.add(waiting) {
            wakeup.ring()
        } else {
            about.refusedScrapes.maxRequests.wrappingAdd(1, ordering: .relaxed)
            waiting.answer(tooMany.response)
        }
    }

    /// How long the page that is being made has been made for; 0 when none is.
    var busyNanoseconds: UInt64 {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? 0 : Clock.monotonicNanoseconds &- since
    }

    /// Ends once the queue is empty. A thread that hangs in a collector is left behind.
    func stop() {
        queue.end()
        wakeup.ring()
        if let thread = thread.withLock({ $0.take() }) { thread.join() }
        isEnding.store(true, ordering: .relaxed)
        alarm.set(atNanoseconds: 1)
        if let relief = relief.withLock({ $0.take() }) { relief.join() }
    }

    private func serve(_ server: Int) throws(KernelError) {
        try thread.withLock { thread throws(KernelError) in
            let worker = try Worker("scrape") { self.run(server) }
            if let hanging = thread.take() { hanging.detach() }
            thread = consume worker
        }
    }

    /// The body of the thread with this number.
    private func run(_ server: Int) {
        var renderer = PageRenderer(
            collectors, settings: settings, pushState: pushState, about: about, log: log,
            pages: pages)
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
        let deadline = waiting.reduce(UInt64.max) { min($0, $1.deadlineNanoseconds) }
        let left = deadline > start ? deadline &- start : 0
        let late = start &+ max(left / 2, ScrapeThread.shortestTurn.nanoseconds)
        busySince.store(start, ordering: .relaxed)
        lateAt.store(late, ordering: .relaxed)
        alarm.set(atNanoseconds: late)
        var isWanted = true
        let response = renderer.response(to: waiting[0].request, by: max(deadline, late)) {
            if !queue.isServing(server) { return false }
            if Clock.monotonicNanoseconds &- start > ScrapeThread.longPage.nanoseconds {
                isWanted = waiting.contains { !$0.isAbandoned }
            }
            return isWanted
        }
        guard let taken = queue.taken(by: server) else { return }
        lateAt.store(0, ordering: .relaxed)
        busySince.store(0, ordering: .relaxed)
        alarm.set(atNanoseconds: nil)
        if let response {
            for scraper in taken { scraper.answer(response) }
        } else {
            // The connections are closed: the answer that they get unasked reaches nobody.
            about.refusedScrapes.abandoned.wrappingAdd(
                UInt64(taken.count), ordering: .relaxed)
        }
    }

    /// The body of the thread that relieves one that hangs.
    private func watch() {
        var wanted: Int?
        while true {
            alarm.wait()
            if isEnding.load(ordering: .relaxed) { return }
            if wanted == nil { wanted = relieveIfLate() }
            guard let server = wanted else { continue }
            do throws(KernelError) {
                try serve(server)
                wanted = nil
            } catch {
                log.error("no thread for the next page", metadata: ["err": "\(error)"])
                ring(after: .seconds(1))
            }
        }
    }

    /// The number of the thread that goes on, when the one that serves hangs in a collector.
    private func relieveIfLate() -> Int? {
        let late = lateAt.load(ordering: .relaxed)
        if late == 0 || Clock.monotonicNanoseconds < late { return nil }
        guard let name = collectors.runningName else {
            // Between two collectors, or busy with the page itself: nobody else could do better.
            ring(after: ScrapeThread.shortestTurn)
            return nil
        }
        log.warning(
            "collector hangs, the page is made without it", metadata: ["collector": "\(name)"])
        lateAt.store(0, ordering: .relaxed)
        return queue.relieve()
    }

    private func ring(after duration: Duration) {
        alarm.set(atNanoseconds: Clock.monotonicNanoseconds &+ duration.nanoseconds)
    }
}

/// Scrapes that got no page, by reason.
final class RefusedScrapes: Sendable {
    let maxRequests = Atomic<UInt64>(0)
    let heldPages = Atomic<UInt64>(0)
    let abandoned = Atomic<UInt64>(0)
}
