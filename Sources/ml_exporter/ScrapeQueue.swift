internal import Exposition
internal import HTTP
internal import Kernel
internal import Synchronization

/// Scrapers that wait for a page, and who serves them.
///
/// One thread serves at a time: the one whose number is `server`. When it hangs, `relieve` gives
/// what it has not answered to the next number.
final class ScrapeQueue: Sendable {
    /// What a scraper asked for.
    struct ScrapeRequest: Equatable, Sendable {
        let format: Format
        let isCompressed: Bool
        /// The collectors that write, and `groups` and `models` for what was pushed; nil for all.
        let collectors: Set<String>?

        /// Whether the page tells about the daemon, too: not beside groups alone, whose labels are
        /// the pushers' business.
        var tellsAboutDaemon: Bool { collectors != ["groups"] }
    }

    /// A scraper that waits. It belongs to the queue, or to the thread that has taken it out.
    final class Waiting: @unchecked Sendable {
        let request: ScrapeRequest
        /// When the scraper stops waiting, on the monotonic clock.
        let deadlineNanoseconds: UInt64
        fileprivate var pending: PendingResponse?

        init(
            _ request: ScrapeRequest, until deadlineNanoseconds: UInt64,
            pending: consuming PendingResponse
        ) {
            self.request = request
            self.deadlineNanoseconds = deadlineNanoseconds
            self.pending = consume pending
        }

        var isAbandoned: Bool { pending?.isAbandoned ?? true }

        func answer(_ response: borrowing Response) {
            pending.take()?.answer(response)
        }
    }

    /// What a serving thread does next.
    enum Step {
        /// Makes one page for all of these, which stay in the queue until they are `taken`.
        case serve([Waiting])
        case wait
        /// The queue is empty and ends, or somebody else serves.
        case end
    }

    private struct State {
        var waiting: [Waiting] = []
        var serving: [Waiting] = []
        var server = 0
        var isEnding = false
    }

    private let state = LockedValue(State())
    private let capacity: Int

    /// `capacity` 0 is no limit.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// False when too many wait.
    func add(_ waiting: Waiting) -> Bool {
        state.withLock { state in
            if capacity > 0, state.waiting.count + state.serving.count >= capacity {
                return false
            }
            state.waiting.append(waiting)
            return true
        }
    }

    /// What the thread with this number does next.
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

    /// Takes out what `next` gave, to be answered; nil when somebody else serves by now.
    func taken(by server: Int) -> [Waiting]? {
        state.withLock { state in
            guard state.server == server else { return nil }
            let taken = state.serving
            state.serving.removeAll(keepingCapacity: true)
            return taken
        }
    }

    /// Puts back what the serving thread has not answered. Returns the number of the next server.
    func relieve() -> Int {
        state.withLock { state in
            state.waiting.insert(contentsOf: state.serving, at: 0)
            state.serving.removeAll()
            state.server += 1
            return state.server
        }
    }

    /// Lets the server end once the queue is empty.
    func end() {
        state.withLock { $0.isEnding = true }
    }
}
