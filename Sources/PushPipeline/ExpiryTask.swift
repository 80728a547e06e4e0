internal import Journal
internal import Kernel

/// Submits the removal of what has expired when something may have.
final class ExpiryTask: ScheduledTask {
    /// Groups that expire one after the other are removed in batches: each search visits all groups.
    private static let pause = Duration.milliseconds(250)

    private let state: PersistedState
    private let journal: any SubmissionJournal
    private let retryInterval: Duration
    /// When the next search may start, on the monotonic clock; the maximum while one is submitted.
    private let earliest = LockedValue<UInt64>(0)

    init(of state: PersistedState, journal: any SubmissionJournal, retryInterval: Duration) {
        self.state = state
        self.journal = journal
        self.retryInterval = retryInterval
    }

    func nextDue() -> UInt64 {
        max(state.nextExpiry, earliest.withLock { $0 })
    }

    func run(at now: Timestamp) {
        guard journal.isReady else { return retry(after: ExpiryTask.pause, now: now) }
        earliest.withLock { $0 = .max }
        let submission = ExpirySubmission(of: state, at: now) { isCommitted in
            self.retry(after: isCommitted ? ExpiryTask.pause : self.retryInterval, now: now)
        }
        if journal.submit(submission) != nil { retry(after: retryInterval, now: now) }
    }

    private func retry(after pause: Duration, now: Timestamp) {
        earliest.withLock { $0 = now.monotonicNanoseconds &+ pause.nanoseconds }
    }
}
