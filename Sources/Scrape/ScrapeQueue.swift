internal import HTTP
internal import Kernel

/// Scrapers that wait for a page, and who serves them.
///
/// The thread of the main lane makes whole pages. Scrapers whose page is late, because that thread is in
/// a slow collector, move to the other lane, whose thread makes a page without that collector for them;
/// the others go on waiting for the whole one. In each lane one thread serves at a time, the one whose
/// number is `server`. When it hangs, `failOver` returns its unanswered scrapers to the lane and passes
/// the lane to the next number.
final class ScrapeQueue: Sendable {
    /// A scraper with what it asks for.
    struct Waiting: Sendable {
        let request: ScrapeRequest
        let deadline: ScrapeDeadline
        let client: ClientKey
        let scraper: any Scraper
    }

    enum Lane: Int, Sendable {
        case whole, late
    }

    /// What a serving thread does next.
    enum Step {
        /// Make one page for all of these. They stay in the queue until `takeServed`. `late` is when the first
        /// scraper of the main lane is late.
        case serve([Waiting], late: UInt64)
        case wait
        /// End the thread: the queue has ended and is empty, or another thread serves the lane.
        case end
    }

    private static let rememberedClients = 1024

    enum Admission {
        case added
        /// Added in the place of this scraper, which is to be answered 503.
        case displaced(Waiting)
        /// `capacity` scrapers wait, and no client that has more than its share can give place.
        case full
    }

    private struct LaneState {
        var waiting: [Waiting] = []
        var serving: [Waiting] = []
        var server = 0

        /// Of the waiting scrapers the one whose client was served least recently, so that a client with
        /// many scrapers does not make others wait for all of them.
        func next(_ lastServed: [ClientKey: UInt64]) -> Int? {
            if waiting.count <= 1 { return waiting.indices.first }
            return waiting.indices.min { one, other in
                (lastServed[waiting[one].client] ?? 0, one)
                    < (lastServed[waiting[other].client] ?? 0, other)
            }
        }
    }

    private struct State {
        var lanes = (whole: LaneState(), late: LaneState())
        /// The number of the page that each client with waiting scrapers was last served.
        var lastServed: [ClientKey: UInt64] = [:]
        var pages: UInt64 = 0
        /// Whether a thread serves the lane of late scrapers.
        var isLateServed = false
        var isEnding = false

        subscript(lane: Lane) -> LaneState {
            get { lane == .whole ? lanes.whole : lanes.late }
            _modify {
                if lane == .whole { yield &lanes.whole } else { yield &lanes.late }
            }
        }

        func count(where isCounted: (Waiting) -> Bool) -> Int {
            lanes.whole.waiting.count(where: isCounted)
                + lanes.whole.serving.count(where: isCounted)
                + lanes.late.waiting.count(where: isCounted)
                + lanes.late.serving.count(where: isCounted)
        }
    }

    // Guards the lists and the numbers of the servers. HTTP workers and scrape threads hold it for a
    // few instructions, never while a page is made or a response is sent.
    private let state = LockedValue(State())
    private let capacity: Int
    /// The share of one client while there are too few places for all: a quarter of `capacity`.
    let clientCapacity: Int

    /// `capacity` is the number of scrapers that may wait, including those whose page is being made;
    /// 0 means no limit.
    init(capacity: Int) {
        self.capacity = capacity
        clientCapacity = max(capacity / 4, 1)
    }

    /// Queues a scraper. At the limit one of a client with less than its share takes the place of one of
    /// the client with the most, if that has more than its share.
    func add(_ waiting: Waiting) -> Admission {
        state.withLock { state in
            if capacity == 0 || state.count(where: { _ in true }) < capacity {
                state.lanes.whole.waiting.append(waiting)
                return .added
            }
            var counts: [ClientKey: Int] = [:]
            _ = state.count {
                counts[$0.client, default: 0] += 1
                return true
            }
            if counts[waiting.client, default: 0] >= clientCapacity { return .full }
            let greedy = counts.filter { $0.value > clientCapacity }
            for (client, _) in greedy.sorted(by: { $0.value > $1.value }) {
                let last = state.lanes.whole.waiting.lastIndex { $0.client == client }
                guard let last else { continue }
                let displaced = state.lanes.whole.waiting.remove(at: last)
                state.lanes.whole.waiting.append(waiting)
                return .displaced(displaced)
            }
            return .full
        }
    }

    /// What the lane's thread with this number does next. Scrapers with the same request as the first one
    /// are served together.
    func next(_ server: Int, in lane: Lane = .whole) -> Step {
        state.withLock { state in
            guard state[lane].server == server else { return .end }
            guard let index = state[lane].next(state.lastServed) else {
                // The other lane's thread exists only while there are scrapers for it.
                if lane == .late {
                    state.isLateServed = false
                    return .end
                }
                return state.isEnding ? .end : .wait
            }
            let request = state[lane].waiting[index].request
            if state[lane].waiting.count == 1 {
                let waiting = state[lane].waiting
                state[lane].serving = waiting
                state[lane].waiting.removeAll(keepingCapacity: true)
            } else {
                state[lane].serving = state[lane].waiting.filter { $0.request == request }
                state[lane].waiting.removeAll { $0.request == request }
            }
            remember(state[lane].serving, in: &state)
            return .serve(state[lane].serving, late: nextLate(state) ?? .max)
        }
    }

    private func remember(_ served: [Waiting], in state: inout State) {
        // Turns matter only while others wait; the number of clients that are remembered is bounded.
        let isQueueEmpty = state.lanes.whole.waiting.isEmpty && state.lanes.late.waiting.isEmpty
        if isQueueEmpty || state.lastServed.count > ScrapeQueue.rememberedClients {
            if !state.lastServed.isEmpty { state.lastServed.removeAll(keepingCapacity: true) }
        }
        if isQueueEmpty { return }
        state.pages &+= 1
        for waiting in served { state.lastServed[waiting.client] = state.pages }
    }

    /// Whether this thread serves the lane and a scraper still waits for its page.
    func isWanted(_ server: Int, in lane: Lane = .whole) -> Bool {
        state.withLock { $0[lane].server == server && !$0[lane].serving.isEmpty }
    }

    /// Removes and returns what `next` returned, to be answered, without scrapers that have moved to the
    /// other lane; nil if another thread serves the lane by now.
    func takeServed(by server: Int, in lane: Lane = .whole) -> [Waiting]? {
        state.withLock { state in
            guard state[lane].server == server else { return nil }
            let served = state[lane].serving
            state[lane].serving.removeAll(keepingCapacity: true)
            return served
        }
    }

    /// Moves the scrapers whose page is late by `now` to the other lane. Returns the number of a thread that
    /// must be started for them, and when the next one is late.
    func moveLate(_ now: UInt64) -> (server: Int?, next: UInt64?) {
        state.withLock { state in
            func isLate(_ waiting: Waiting) -> Bool { waiting.deadline.late <= now }
            let late =
                state.lanes.whole.serving.filter(isLate) + state.lanes.whole.waiting.filter(isLate)
            state.lanes.whole.serving.removeAll(where: isLate)
            state.lanes.whole.waiting.removeAll(where: isLate)
            state.lanes.late.waiting += late
            var server: Int?
            if !late.isEmpty, !state.isLateServed {
                state.isLateServed = true
                state.lanes.late.server += 1
                server = state.lanes.late.server
            }
            return (server, nextLate(state))
        }
    }

    /// When the first of the scrapers in the main lane is late, nil if no scraper waits there.
    var nextLate: UInt64? { state.withLock { nextLate($0) } }

    private func nextLate(_ state: State) -> UInt64? {
        let whole = state.lanes.whole
        var next: UInt64?
        for waiting in whole.serving { next = min(next ?? .max, waiting.deadline.late) }
        for waiting in whole.waiting { next = min(next ?? .max, waiting.deadline.late) }
        return next
    }

    /// Returns the unanswered scrapers to the head of the lane, and the number of its next server.
    func failOver(_ lane: Lane = .whole) -> Int {
        state.withLock { state in
            let serving = state[lane].serving
            state[lane].waiting.insert(contentsOf: serving, at: 0)
            state[lane].serving.removeAll()
            state[lane].server += 1
            return state[lane].server
        }
    }

    /// The number of the lane's server.
    func server(of lane: Lane) -> Int { state.withLock { $0[lane].server } }

    /// Whether all scrapers have been answered.
    var isEmpty: Bool { state.withLock { $0.count { _ in true } == 0 } }

    /// Lets the server end as soon as the queue is empty.
    func end() {
        state.withLock { $0.isEnding = true }
    }
}
