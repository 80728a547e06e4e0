internal import Kernel

extension Writer {
    /// Looks, at most once per `JournalLimits.checkInterval`, whether the files are still those that
    /// were opened. A commit into a file that was removed or replaced would be lost with the process.
    mutating func checkFiles() {
        let now = Clock.monotonicNanoseconds
        if now &- checkedNanoseconds < journal.limits.checkInterval.nanoseconds { return }
        checkedNanoseconds = now
        let isLockInPlace = (try? journal.claim().isLockInPlace()) ?? false
        if isLockInPlace, records.isInPlace() { return }
        let name = isLockInPlace ? RecordFile.name : StorageDirectory.lockName
        let error = StorageError(
            .open, kind: .conflict,
            description:
                "\(journal.path)/\(name) was removed or replaced while the daemon was running")
        journal.statistics.failed(error)
        journal.report(.error, "\(error): pushes are refused until new files are written")
        journal.change(to: .failing(error))
        records.abandon()
        do throws(StorageError) {
            journal.releaseClaim()
            try replaceFiles()
            journal.report(.information, "new files are written, pushes are accepted again")
            journal.change(to: .ready)
        } catch {
            recover(from: error)
        }
    }

    /// Begins new files with the state of this process, which holds everything that was committed.
    /// What is under the names by now is set aside.
    private mutating func replaceFiles() throws(StorageError) {
        let directory = try journal.claim()
        let position = position
        try journal.files.withLock { _ throws(StorageError) in
            // One of before would take the place of the one that is written here.
            journal.handover.withLock { $0.snapshot = nil }
            try journal.beginFiles(in: directory, at: position)
        }
        records = try RecordFile(in: directory, limits: journal.limits)
        directory.setPosition(position)
        beginAgain(after: position, snapshotPosition: position)
    }

    /// Reads the folder as a start does, again and again until that succeeds or the end was asked
    /// for: another process has written to it, and what is stored counts.
    mutating func recover(from error: StorageError) {
        journal.fail(error)
        records.abandon()
        while journal.status != .ending {
            journal.rejectWaiting(error)
            do throws(StorageError) {
                journal.releaseClaim()
                let positions = try journal.files.withLock { _ throws(StorageError) in
                    journal.handover.withLock { $0.snapshot = nil }
                    return try journal.open()
                }
                let opened = journal.handover.withLock { handover -> sending RecordFile? in
                    handover.records.take()
                }
                guard let opened else { continue }
                records = opened
                let position = journal.handover.withLock { $0.position }
                beginAgain(after: position, snapshotPosition: positions.newest)
                journal.report(
                    .information, "the storage was read again, pushes are accepted again")
                journal.change(to: .ready)
                return
            } catch {
                journal.fail(error)
            }
            let next = Clock.monotonicNanoseconds &+ journal.limits.retryInterval.nanoseconds
            while Clock.monotonicNanoseconds < next, journal.status != .ending {
                journal.writerWakeup.wait(atMost: journal.limits.retryInterval)
                journal.rejectWaiting(error)
            }
        }
    }
}

extension Journal {
    /// Sets aside what is under the names of the records, and writes a snapshot of everything.
    fileprivate func beginFiles(
        in directory: StorageDirectory, at position: Int64
    ) throws(StorageError) {
        // The log before its file: alone it would be taken for damage at a start.
        let names = RecordFile.names.filter(directory.has)
        if !names.isEmpty {
            let seconds = Clock.realNanoseconds / 1_000_000_000
            let name = try directory.setAside(names, at: seconds)
            statistics.setAside()
            report(.error, "\(name) is not the file of this daemon and was set aside")
        }
        try Snapshot(position: position, parts: state.snapshot()).write(in: directory)
    }

    /// Aborts the submissions that were accepted before the storage failed.
    func rejectWaiting(_ error: StorageError) {
        for submission in queue.removeAll() ?? [] { submission.abort(error) }
    }
}
