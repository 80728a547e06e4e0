internal import Kernel
internal import Synchronization
internal import Wire

extension Journal {
    /// The body of the writer's thread.
    func write() {
        if var writer = waitForRecords() {
            // Pages are shown as soon as the journal is ready: they must not show what expired
            // while the daemon was not running.
            if let expiry = state.expiry() { writer.commit([expiry]) }
            change(to: .ready)
            while let group = queue.removeAll() {
                writerBusySince.store(Clock.monotonicNanoseconds, ordering: .relaxed)
                writer.checkFiles()
                writer.commit(group)
                if group.isEmpty {
                    writerBusySince.store(0, ordering: .relaxed)
                    writerWakeup.wait()
                }
                writer.snapshotIfDue()
            }
            writerBusySince.store(0, ordering: .relaxed)
            writer.snapshotIfNew()
        }
        while let group = queue.removeAll() {
            let error = StorageError(
                .commit, kind: .refused, description: "the daemon is shutting down")
            for submission in group { submission.abort(error) }
        }
        handover.withLock { $0.isWriterDone = true }
        keeperWakeup.signal()
    }

    /// The open file of records, or nil when the end came before it was open.
    private func waitForRecords() -> Writer? {
        while true {
            let writer = handover.withLock { handover -> sending Writer? in
                guard let records = handover.records.take() else { return nil }
                return Writer(
                    self, records: records, at: handover.position,
                    afterSnapshot: handover.snapshotPosition)
            }
            if let writer { return writer }
            if status == .ending { return nil }
            writerWakeup.wait()
        }
    }
}

/// Decides, commits, applies and publishes, on the writer's thread.
struct Writer: ~Copyable {
    /// Bytes of record memory that are reused by the next commit.
    private static let keptBytes = 1 << 20

    let journal: Journal
    var records: RecordFile
    /// The position of the last record.
    var position: Int64
    private var snapshotPosition: Int64
    private var snapshotBytes = 0
    private var snapshotNanoseconds = Clock.monotonicNanoseconds
    /// Bytes of the log when a checkpoint was last requested, and when one was last made here.
    private var askedBytes = 0
    private var movedBytes = 0
    private var isFailing = false
    /// When the names of the files were last looked at, on the monotonic clock.
    var checkedNanoseconds: UInt64 = 0
    /// When a snapshot that failed is tried again, on the monotonic clock; 0 if none has.
    private var retryNanoseconds: UInt64 = 0
    private var bodies = ByteWriter()
    private var ends: [Int] = []

    init(
        _ journal: Journal, records: RecordFile, at position: Int64,
        afterSnapshot snapshotPosition: Int64
    ) {
        self.journal = journal
        self.records = records
        self.position = position
        self.snapshotPosition = snapshotPosition
    }

    /// Takes over from new files.
    mutating func beginAgain(after position: Int64, snapshotPosition: Int64) {
        self.position = position
        self.snapshotPosition = snapshotPosition
        snapshotBytes = 0
        snapshotNanoseconds = Clock.monotonicNanoseconds
        (askedBytes, movedBytes) = (0, 0)
        isFailing = false
    }

    mutating func commit(_ group: [any Submission]) {
        var done = 0
        while done < group.count {
            bodies.removeAll(keeping: Writer.keptBytes)
            ends.removeAll(keepingCapacity: true)
            let first = done
            while done < group.count, bodies.count < journal.limits.commitBytes {
                if group[done].isAlone, done > first { break }
                group[done].decide()
                group[done].encode(into: &bodies)
                ends.append(bodies.count)
                done += 1
                if group[done - 1].isAlone { break }
            }
            do throws(StorageError) {
                if bodies.count > 0 { try commitBodies() }
                for submission in group[first..<done] {
                    submission.apply()
                    submission.answer()
                }
            } catch {
                fail(error)
                for submission in group[first..<done].reversed() { submission.abort(error) }
                if error.kind == .conflict { recover(from: error) }
            }
        }
    }

    private mutating func commitBodies() throws(StorageError) {
        let start = Clock.monotonicNanoseconds
        let prunable = journal.handover.withLock { $0.prunable }
        let pruned = journal.limits.prunedRecords
        // A file that has reached its limit takes no record before old ones are gone.
        if isFailing, prunable > 0 { try prune(through: prunable) }
        let (first, bodies, ends) = (position, bodies.bytes, ends)
        var last = first
        try records.transaction { records throws(StorageError) in
            var begin = 0
            for end in ends where end > begin {
                last += 1
                try records.append(bodies.span.extracting(begin..<end), at: last)
                begin = end
            }
            if prunable > 0 {
                let count = try records.prune(through: prunable, atMost: pruned)
                if count < pruned { journal.handover.withLock { $0.prunable = 0 } }
            }
        }
        position = last
        try? journal.claim().setPosition(position)
        snapshotBytes += bodies.count
        journal.statistics.committed(
            bytes: bodies.count, nanoseconds: Clock.monotonicNanoseconds &- start)
        if isFailing {
            isFailing = false
            journal.report(.information, "the storage accepts pushes again")
        }
        boundLog()
    }

    private mutating func prune(through position: Int64) throws(StorageError) {
        let pruned = 16 * journal.limits.prunedRecords
        try records.transaction { records throws(StorageError) in
            let count = try records.prune(through: position, atMost: pruned)
            if count < pruned { journal.handover.withLock { $0.prunable = 0 } }
        }
    }

    private mutating func fail(_ error: StorageError) {
        journal.statistics.failed(error)
        if !isFailing { journal.report(.error, "pushes are refused: \(error)") }
        isFailing = true
    }

    /// Requests a checkpoint from the keeper. The few frames that were written during its checkpoint
    /// are moved here, so that the next commit restarts the log. The writer moves all of the log if
    /// the keeper falls behind, which holds up commits.
    private mutating func boundLog() {
        let bytes = records.logBytes
        if bytes < askedBytes { (askedBytes, movedBytes) = (0, 0) }
        let isMoved = journal.handover.withLock { handover in
            defer { handover.isLogMoved = false }
            return handover.isLogMoved
        }
        if isMoved || bytes >= movedBytes + journal.limits.logBytes {
            movedBytes = bytes
            do throws(StorageError) {
                try records.checkpoint()
            } catch {
                journal.checkpointFailed(error)
            }
        } else if bytes >= askedBytes + journal.limits.checkpointBytes {
            askedBytes = bytes
            journal.handover.withLock { $0.isCheckpointWanted = true }
            journal.keeperWakeup.signal()
        }
    }

    // MARK: Snapshots

    mutating func snapshotIfDue() {
        let failed = journal.handover.withLock { handover in
            defer { handover.failedSnapshot = nil }
            return handover.failedSnapshot
        }
        if let failed {
            snapshotPosition = failed
            // Not later than the next snapshot would have been due.
            let pause = min(journal.limits.snapshotRetryInterval, journal.limits.snapshotInterval)
            retryNanoseconds = Clock.monotonicNanoseconds &+ pause.nanoseconds
        }
        if position == snapshotPosition { return }
        let now = Clock.monotonicNanoseconds
        if retryNanoseconds > 0 {
            if now < retryNanoseconds { return }
            retryNanoseconds = 0
            return snapshotIfNew()
        }
        let age = now &- snapshotNanoseconds
        if age >= journal.limits.snapshotInterval.nanoseconds
            || snapshotBytes >= journal.limits.snapshotBytes
        {
            snapshotIfNew()
        }
    }

    /// Takes a snapshot for the keeper to write, unless nothing has changed since the last.
    mutating func snapshotIfNew() {
        if position == snapshotPosition { return }
        snapshotNanoseconds = Clock.monotonicNanoseconds
        if journal.handover.withLock({ $0.snapshot != nil }) { return }
        let snapshot = Snapshot(position: position, parts: journal.state.snapshot())
        snapshotPosition = position
        snapshotBytes = 0
        journal.handover.withLock { $0.snapshot = snapshot }
        journal.keeperWakeup.signal()
    }
}
