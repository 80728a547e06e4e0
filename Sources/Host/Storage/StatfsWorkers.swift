internal import Kernel
internal import Synchronization

/// Calls statfs(2) on its own threads, so that an unreachable server blocks a thread and not the
/// scrape.
///
/// One thread makes the calls one after the other. When a call has not returned in time, another
/// thread makes the remaining calls; the first thread ends when its call returns.
final class StatfsWorkers: Sendable {
    /// After this time without an answer another thread makes the remaining calls.
    static let patience = Duration.milliseconds(20)
    /// Threads beyond this many are not started: what is left then is late.
    static let threadLimit = 64

    private struct State {
        var calls: [StatfsCall] = []
        var unanswered = 0
        var round: UInt64 = 0
        var threads = 0
        /// The thread that takes the next call; others end when they come back.
        var server = 0
        var isServerIdle = false
        var isEnding = false
    }

    private let state = LockedValue(State())
    private let work: EventFD
    private let done: EventFD

    init() throws(KernelError) {
        work = try EventFD()
        done = try EventFD()
    }

    /// Lets the thread that waits for work end. Those that hang end when they come back.
    func end() {
        state.withLock { $0.isEnding = true }
        work.signal()
    }

    /// Runs the calls, which have begun, and returns when all have answered or at the deadline on the
    /// monotonic clock.
    func run(_ calls: [StatfsCall], until deadline: UInt64) {
        if calls.isEmpty { return }
        let isServerIdle = state.withLock { state in
            state.round &+= 1
            state.calls = calls
            state.unanswered = calls.count
            return state.isServerIdle
        }
        if isServerIdle { work.signal() } else { addThread() }
        while true {
            let now = Clock.monotonicNanoseconds
            if now >= deadline { break }
            let left = Duration.nanoseconds(Int64(clamping: deadline &- now))
            done.wait(atMost: min(StatfsWorkers.patience, left))
            let (isDone, hasMore) = state.withLock { ($0.unanswered == 0, !$0.calls.isEmpty) }
            if isDone { return }
            if hasMore { addThread() }
        }
        // A call that no thread has begun is not under way.
        let untaken = state.withLock { state in
            let untaken = state.calls
            state.calls = []
            state.round &+= 1
            return untaken
        }
        for call in untaken { call.cancel() }
    }

    private func addThread() {
        let number: Int? = state.withLock { state in
            if state.threads >= StatfsWorkers.threadLimit { return nil }
            state.threads += 1
            state.server += 1
            state.isServerIdle = false
            return state.server
        }
        guard let number else { return }
        do throws(KernelError) {
            let worker = try Worker("mounts") { self.serve(number) }
            worker.detach()
        } catch {
            state.withLock { $0.threads -= 1 }
        }
    }

    private enum Step {
        case call(StatfsCall, UInt64)
        case wait
        case end
    }

    private func serve(_ number: Int) {
        while true {
            let step: Step = state.withLock { state in
                if state.server != number || state.isEnding { return .end }
                state.isServerIdle = state.calls.isEmpty
                guard let call = state.calls.popLast() else { return .wait }
                return .call(call, state.round)
            }
            switch step {
            case .wait: work.wait()
            case .end:
                state.withLock { $0.threads -= 1 }
                return
            case .call(let call, let round):
                call.run()
                let isLast = state.withLock { state in
                    if state.round != round { return false }
                    state.unanswered -= 1
                    return state.unanswered == 0
                }
                if isLast { done.signal() }
            }
        }
    }
}
