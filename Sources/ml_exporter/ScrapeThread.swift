internal import Exposition
internal import HTTPServer
internal import Host
internal import Kernel
internal import Logging
internal import Synchronization

/// The one thread that renders pages: collectors keep what they have rendered, so nobody else may
/// touch them. Scrapers that ask for the same page while one is made share the next.
final class ScrapeThread: Sendable {
    /// What a scraper asked for.
    struct Wish: Equatable, Sendable {
        let format: Format
        let isCompressed: Bool
        /// The collectors that write; nil for all.
        let collectors: Set<String>?
    }

    /// A scraper that waits. One at a time owns it: the queue, then the scrape thread.
    private final class Waiting: @unchecked Sendable {
        let wish: Wish
        var suspended: Suspended?

        init(_ wish: Wish, _ suspended: consuming Suspended) {
            self.wish = wish
            self.suspended = consume suspended
        }
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var isEnding = false
    }

    /// Pages that clients may hold while they read slowly; a scrape beyond is told 503.
    static let heldPageLimit = 64

    private let queue = Guarded(Queue())
    private let doorbell: Doorbell
    private let pages = BufferPool(initialCapacity: 64 << 10, keptBytes: 4 << 20)
    private let busySince = Atomic<UInt64>(0)
    private let maxRequests: Int
    private let refusals = RefusedScrapes()
    private let tooMany: Route.Constant
    private let tooManyPages: Route.Constant

    init(maxRequests: Int) throws(KernelError) {
        doorbell = try Doorbell()
        self.maxRequests = maxRequests
        tooMany = Route.Constant(
            Response(
                status: 503, headers: [("Content-Type", "text/plain; charset=utf-8")],
                body: "Limit of concurrent requests reached (\(maxRequests)), try again later.\n"))
        tooManyPages = Route.Constant(
            Response(
                status: 503, headers: [("Content-Type", "text/plain; charset=utf-8")],
                body:
                    "Clients that read slowly hold \(ScrapeThread.heldPageLimit) pages, try again later.\n"
            ))
    }

    var refused: RefusedScrapes { refusals }

    /// Puts a scraper into the queue, or tells it that there are too many.
    func ask(_ wish: Wish, _ suspended: consuming Suspended) {
        if pages.taken >= ScrapeThread.heldPageLimit {
            refusals.heldPages.wrappingAdd(1, ordering: .relaxed)
            suspended.answer(tooManyPages.response)
            return
        }
        let waiting = Waiting(wish, suspended)
        let isAdmitted = queue.withLock { queue in
            if maxRequests > 0, queue.waiting.count >= maxRequests { return false }
            queue.waiting.append(waiting)
            return true
        }
        if isAdmitted {
            doorbell.ring()
        } else {
            refusals.maxRequests.wrappingAdd(1, ordering: .relaxed)
            waiting.suspended.take()?.answer(tooMany.response)
        }
    }

    /// How long the page that is being made has been made for; 0 when none is.
    var busyNanoseconds: UInt64 {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? 0 : Clock.monotonicNanoseconds &- since
    }

    /// Lets `run` return once the queue is empty.
    func end() {
        queue.withLock { $0.isEnding = true }
        doorbell.ring()
    }

    /// Serves the queue until `end`. The thread's body.
    func run(_ settings: HostSettings, _ roots: Roots, _ about: SelfMetrics, _ log: Logger) {
        var press = Press(settings, roots, about, log, pages)
        while true {
            let (batch, isEnding) = queue.withLock { queue in
                let batch = queue.waiting
                queue.waiting.removeAll(keepingCapacity: true)
                return (batch, queue.isEnding)
            }
            if batch.isEmpty {
                if isEnding { return }
                doorbell.wait()
                continue
            }
            busySince.store(Clock.monotonicNanoseconds, ordering: .relaxed)
            serve(batch, &press)
            busySince.store(0, ordering: .relaxed)
        }
    }

    private func serve(_ batch: [Waiting], _ press: inout Press) {
        for (index, first) in batch.enumerated() where first.suspended != nil {
            let response = press.response(to: first.wish)
            for waiting in batch[index...] where waiting.wish == first.wish {
                waiting.suspended.take()?.answer(response)
            }
        }
    }
}

/// Scrapes that were told to come later, by reason.
final class RefusedScrapes: Sendable {
    let maxRequests = Atomic<UInt64>(0)
    let heldPages = Atomic<UInt64>(0)
}
