internal import Kernel

/// Scrapers that wait for a page.
///
/// One thread serves the queue at a time, the one whose number is `server`. When it hangs, `failOver`
/// returns its unanswered scrapers to the queue and passes the queue to the next number.
final class ScrapeQueue: Sendable {
    /// A scraper with what it asks for.
    struct Waiting: Sendable {
        let request: ScrapeRequest
        /// When the scraper stops waiting, on the monotonic clock.
        let endNanoseconds: UInt64
        let scraper: any Scraper
    }

    /// What a serving thread does next.
    enum Step {
        /// Make one page for all of these. They stay in the queue until `takeServed`.
        case serve([Waiting])
        case wait
        /// End the thread: the queue has ended and is empty, or another thread serves it.
        case end
    }

    private struct State {
        var waiting: [Waiting] = []
        var serving: [Waiting] = []
        var server = 0
        var isEnding = false
    }

    // Guards both lists and the number of the server. HTTP workers and scrape threads hold it for a
    // few instructions, never while a page is made or a response is sent.
    private let state = LockedValue(State())
    private let capacity: Int

    /// `capacity` is the number of scrapers that may wait, including those whose page is being made;
    /// 0 means no limit.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Returns false if the queue is full.
    func add(_ waiting: Waiting) -> Bool {
        state.withLock { state in
            if capacity > 0, state.waiting.count + state.serving.count >= capacity {
                return false
            }
            state.waiting.append(waiting)
            return true
        }
    }

    /// What the thread with this number does next. Scrapers with the same request as the first one are
    /// served together.
    func next(_ server: Int) -> Step {
        state.withLock { state in
            guard state.server == server else { return .end }
            guard let first = state.waiting.first else { return state.isEnding ? .end : .wait }
            if state.waiting.count == 1 {
                swap(&state.serving, &state.waiting)
            } else {
                state.serving = state.waiting.filter { $0.request == first.request }
                state.waiting.removeAll { $0.request == first.request }
            }
            return .serve(state.serving)
        }
    }

    func isServing(_ server: Int) -> Bool {
        state.withLock { $0.server == server }
    }

    /// Removes and returns what `next` returned, to be answered; nil if another thread serves the
    /// queue by now.
    func takeServed(by server: Int) -> [Waiting]? {
        state.withLock { state in
            guard state.server == server else { return nil }
            let served = state.serving
            state.serving.removeAll(keepingCapacity: true)
            return served
        }
    }

    /// Returns the unanswered scrapers to the head of the queue, and the number of the next server.
    func failOver() -> Int {
        state.withLock { state in
            state.waiting.insert(contentsOf: state.serving, at: 0)
            state.serving.removeAll()
            state.server += 1
            return state.server
        }
    }

    /// Lets the server end as soon as the queue is empty.
    func end() {
        state.withLock { $0.isEnding = true }
    }
}
