package import Kernel
internal import Synchronization

/// Makes submissions durable: records that are committed before the answer, and snapshots that bound
/// how many of them a start has to replay.
///
/// Two threads, which `start` starts and `stop` ends: the *keeper* opens the storage, replays it,
/// writes snapshots and moves SQLite's log into its file; the *writer* alone decides, commits, applies
/// and answers, so that every snapshot has an exact position. The writer commits all that waits as soon
/// as the commit before has returned: commits group by themselves under load, without a timer.
package final class Journal: SubmissionJournal, ScheduledTask {
    /// The state of the storage.
    package enum Status: Equatable, Sendable {
        /// The stored state is being read; nothing is accepted yet.
        case replaying
        case ready
        /// The storage cannot be used; it is retried.
        case failing(StorageError)
        /// `stop` was called.
        case ending
    }

    package enum Note: Sendable {
        case information, warning, error
    }

    package let statistics = JournalStatistics()
    let limits: JournalLimits
    let state: any JournalState
    let report: @Sendable (Note, String) -> Void
    let queue: SubmissionQueue
    let writerWakeup: EventFD
    let keeperWakeup: EventFD
    let endWakeup: EventFD
    private let current = LockedValue<Status>(.replaying)
    private let isReadyNow = Atomic<Bool>(false)
    private let nextCheck = Atomic<UInt64>(0)
    /// When the writer began what it is doing, on the monotonic clock; 0 while it waits.
    let writerBusySince = Atomic<UInt64>(0)

    /// How long the writer has been busy with one commit; 0 while it waits.
    package var writerBusyNanoseconds: UInt64 {
        let since = writerBusySince.load(ordering: .relaxed)
        return since == 0 ? 0 : Clock.monotonicNanoseconds &- since
    }
    private let directory = LockedValue<StorageDirectory?>(nil)
    let path: String
    let handover = LockedValue(Handover())
    /// Held by the keeper while it writes a snapshot, and by the writer while it replaces the files or
    /// reads them again: a snapshot of before must not replace a later one. `handover` may be locked
    /// with it.
    let files = LockedValue(())
    private let threads = LockedValue(Threads())

    /// What the two threads pass to each other. The lock guards it and is held for assignments only.
    struct Handover {
        /// From the keeper to the writer, once.
        var records: RecordFile?
        var position: Int64 = 0
        var snapshotPosition: Int64 = 0
        /// From the writer to the keeper.
        var snapshot: Snapshot?
        /// From the keeper to the writer: the position of the newest snapshot on the disk, after the
        /// last one could not be written.
        var failedSnapshot: Int64?
        var isCheckpointWanted = false
        /// From the keeper to the writer, after a checkpoint.
        var isLogMoved = false
        /// Records up to here are in both snapshots.
        var prunable: Int64 = 0
        var isWriterDone = false
        var isKeeperDone = false
    }

    private struct Threads: ~Copyable {
        var writer: Worker?
        var keeper: Worker?
    }

    /// Claims the folder. Throws when another daemon has it; storage that cannot be used for
    /// another reason is tried again once `start` was called.
    package init(
        _ path: String, state: any JournalState, limits: JournalLimits = JournalLimits(),
        report: @escaping @Sendable (Note, String) -> Void
    ) throws(StorageError) {
        self.path = path
        self.state = state
        self.limits = limits
        self.report = report
        queue = SubmissionQueue(limits)
        do throws(KernelError) {
            writerWakeup = try EventFD()
            keeperWakeup = try EventFD()
            endWakeup = try EventFD()
        } catch {
            throw StorageError(.open, error: error)
        }
        do throws(StorageError) {
            try claim()
        } catch {
            if error.kind == .taken { throw error }
            fail(error)
        }
    }

    /// Opens, replays and serves from now on.
    package func start() throws(KernelError) {
        try threads.withLock { threads throws(KernelError) in
            threads.keeper = try Worker("keeper") { self.keep() }
            threads.writer = try Worker("journal") { self.write() }
        }
    }

    package var status: Status { current.withLock { $0 } }

    /// Whether submissions are taken.
    package var isReady: Bool { isReadyNow.load(ordering: .relaxed) }

    /// Lets a submission survive, or returns why it is not even tried; then none of its calls come.
    package func submit(_ submission: any Submission) -> StorageError? {
        switch status {
        case .failing(let error): return error
        case .replaying:
            return StorageError(
                .open, kind: .refused, description: "the stored state is being read")
        case .ending:
            return StorageError(.commit, kind: .refused, description: "the daemon is shutting down")
        case .ready: break
        }
        switch queue.add(submission) {
        case .first: writerWakeup.signal()
        // The first one has woken the writer.
        case .next: break
        case .refused:
            statistics.refuse()
            return StorageError(
                .commit, kind: .refused,
                description: "\(limits.waiting) pushes wait for the disk, which is the limit")
        }
        return nil
    }

    /// Ends: what waits is committed and a last snapshot is written. Returns false when the disk
    /// did not let that happen by `deadline`, a time of the monotonic clock; the threads are then
    /// left where they hang.
    package func stop(by deadline: UInt64) -> Bool {
        change(to: .ending)
        queue.end()
        writerWakeup.signal()
        while Clock.monotonicNanoseconds < deadline {
            if handover.withLock({ $0.isWriterDone && $0.isKeeperDone }) {
                threads.withLock { threads in
                    if let writer = threads.writer.take() { writer.join() }
                    if let keeper = threads.keeper.take() { keeper.join() }
                }
                directory.withLock { $0 = nil }
                return true
            }
            writerWakeup.signal()
            keeperWakeup.signal()
            endWakeup.wait(atMost: .milliseconds(100))
        }
        return false
    }

    // MARK: Scheduled work

    /// The journal is due once per `JournalLimits.checkInterval`.
    package func nextDue() -> UInt64 { nextCheck.load(ordering: .relaxed) }

    /// Wakes the writer, which alone knows whether a snapshot is due.
    package func run(at now: Timestamp) {
        nextCheck.store(
            now.monotonicNanoseconds &+ limits.checkInterval.nanoseconds, ordering: .relaxed)
        writerWakeup.signal()
    }

    // MARK: For the two threads

    /// The folder, claimed if it was not yet.
    @discardableResult
    func claim() throws(StorageError) -> StorageDirectory {
        try directory.withLock { directory throws(StorageError) in
            if let directory { return directory }
            let claimed = try StorageDirectory(path)
            if claimed.isWritableByAll {
                report(
                    .warning,
                    "\(path) is writable by every user: any of them can remove or replace what is stored"
                )
            }
            directory = claimed
            return claimed
        }
    }

    /// Gives the claim up, so that `claim` claims what is under the folder's name now.
    func releaseClaim() {
        directory.withLock { $0 = nil }
    }

    func change(to status: Status) {
        isReadyNow.store(status == .ready, ordering: .relaxed)
        current.withLock { current in
            if current != .ending { current = status }
        }
    }

    /// Counts an error and makes it the status; an error that lasts is logged once.
    func fail(_ error: StorageError) {
        statistics.failed(error)
        if status != .failing(error) { report(.error, error.description) }
        change(to: .failing(error))
    }
}
