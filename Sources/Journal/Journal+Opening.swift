internal import Kernel

extension Journal {
    /// Recovers the state, opens the file of records for writing and hands it to the writer.
    ///
    /// A file that is damaged or of another program is set aside, and what it lacks is counted. A
    /// file of a later release ends the attempt: it holds what this release would lose.
    func open() throws(StorageError) -> SnapshotPositions {
        let directory = try claim()
        state.reset()
        var options = Recovery.Options()
        options.readsFormer = false
        options.throwsRefusals = true
        var recovery = Recovery(directory.path, options: options)
        try recovery.run(into: state)
        if !recovery.unusable.isEmpty {
            // SQLite reports a read error of the disk as damage (SQLITE_IOERR_CORRUPTFS).
            for name in [Snapshot.name, Snapshot.formerName] + RecordFile.names {
                try directory.requireReadable(name)
            }
            // The error may have passed: the folder is read once more before a file is set aside.
            state.reset()
            recovery = Recovery(directory.path, options: options)
            try recovery.run(into: state)
        }
        var positions = recovery.snapshots
        try setAside(recovery, records: false, in: directory)
        if recovery.needsSnapshot {
            // What could be read is durable before the file that holds it goes.
            try Snapshot(position: recovery.position, parts: state.snapshot())
                .write(in: directory)
            positions = SnapshotPositions(latest: recovery.position)
        }
        try setAside(recovery, records: true, in: directory)
        let records = try RecordFile(in: directory, limits: limits)
        directory.setPosition(recovery.position)
        statistics.replayed(recovery.replayed)
        statistics.skipped(recovery.skipped)
        for message in recovery.messages { report(.error, message) }
        handover.withLock { handover in
            handover.records = records
            handover.position = recovery.position
            handover.snapshotPosition = positions.newest
            handover.prunable = positions.former
        }
        return positions
    }

    /// Sets the file of records, or the snapshots, aside if they cannot be used.
    private func setAside(
        _ recovery: Recovery, records: Bool, in directory: StorageDirectory
    ) throws(StorageError) {
        for (names, error) in recovery.unusable
        where (names.first == RecordFile.name) == records {
            let name = try directory.setAside(names, at: Clock.realNanoseconds / 1_000_000_000)
            statistics.failed(error)
            statistics.setAside()
            report(.error, "\(error); set aside as \(name)")
        }
    }
}
