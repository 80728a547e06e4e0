internal import Journal
internal import Kernel
internal import Synchronization
internal import Watch
internal import Wire

/// Has scores computed whenever a sub-window ends.
final class EvaluationTask: ScheduledTask {
    private static let retryPause = Duration.milliseconds(250)

    private let watch: WatchStore
    private let journal: any SubmissionJournal
    private let clock: TimeSource
    /// On the monotonic clock.
    private let due = Atomic<UInt64>(0)

    init(of watch: WatchStore, journal: any SubmissionJournal, clock: TimeSource) {
        self.watch = watch
        self.journal = journal
        self.clock = clock
    }

    func nextDue() -> UInt64 { due.load(ordering: .relaxed) }

    func run(at now: Timestamp) {
        let submission = EvaluationSubmission(watch, clock: clock)
        guard journal.isReady, journal.submit(submission) == nil else {
            return wait(EvaluationTask.retryPause.seconds, now: now)
        }
        wait(
            WatchStore.end(ofSubWindowAt: now.persistentSeconds) - now.persistentSeconds, now: now)
    }

    private func wait(_ seconds: Double, now: Timestamp) {
        due.store(
            now.monotonicNanoseconds &+ UInt64(max(seconds, 0.001) * 1e9), ordering: .relaxed)
    }
}

/// Computes scores after all pushes of the sub-window that has ended. It stores nothing: scores follow from
/// the counts.
final class EvaluationSubmission: Submission, @unchecked Sendable {
    private let watch: WatchStore
    private let clock: TimeSource
    private var time = Timestamp.epoch

    init(_ watch: WatchStore, clock: TimeSource) {
        self.watch = watch
        self.clock = clock
    }

    /// All earlier pushes are applied before it, and later ones belong to later sub-windows.
    var isAlone: Bool { true }

    func decide() { time = clock.now }

    func encode(into record: inout ByteWriter) {}

    func apply() { watch.evaluate(at: time) }

    func answer() {}

    func abort(_ error: StorageError) {}
}
