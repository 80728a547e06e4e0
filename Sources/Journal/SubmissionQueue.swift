internal import Kernel

/// Submissions in the order in which they came.
final class SubmissionQueue: Sendable {
    private struct State {
        var waiting: [any Submission] = []
        var isEnding = false
    }

    private let limit: Int
    private let state = LockedValue(State())

    init(_ limits: JournalLimits) {
        limit = limits.waiting
    }

    /// What became of a submission.
    enum Place {
        /// It waits, alone so far.
        case first
        case next
        /// The queue is full or ends.
        case refused
    }

    func add(_ submission: any Submission) -> Place {
        state.withLock { state in
            if state.isEnding || state.waiting.count >= limit { return .refused }
            state.waiting.append(submission)
            return state.waiting.count == 1 ? .first : .next
        }
    }

    /// Removes and returns all waiting submissions; nil if the queue is empty and has ended.
    func removeAll() -> [any Submission]? {
        state.withLock { state in
            if state.waiting.isEmpty { return state.isEnding ? nil : [] }
            var taken: [any Submission] = []
            taken.reserveCapacity(state.waiting.capacity)
            swap(&taken, &state.waiting)
            return taken
        }
    }

    /// Takes nothing any more.
    func end() {
        state.withLock { $0.isEnding = true }
    }
}
