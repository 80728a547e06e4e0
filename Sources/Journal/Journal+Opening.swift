internal import Kernel

extension Journal {
    /// Opens the files, replays them into the state and gives the writer its file.
    ///
    /// A file that is damaged or somebody else's is set aside and what it lacks is counted; one of a
    /// later release stops everything, for it holds what this release would lose.
    func open() throws(StorageError) -> SnapshotPositions {
        let directory = try claim()
        do throws(StorageError) {
            return try open(directory, isSure: false)
        } catch {
            guard error.kind == .damaged || error.kind == .foreign else { throw error }
            // SQLite says of a read that the disk refuses that the file is damaged
            // (SQLITE_IOERR_CORRUPTFS).
            for name in [Snapshot.name, Snapshot.formerName] + RecordFile.names {
                try directory.requireReadable(name)
            }
            return try open(directory, isSure: true)
        }
    }

    /// `isSure` says that files are set aside when they turn out to be damaged; else that is thrown.
    private func open(
        _ directory: StorageDirectory, isSure: Bool
    ) throws(StorageError) -> SnapshotPositions {
        state.reset()
        var positions = SnapshotPositions()
        var lostSections = 0
        if let latest = try restore(
            Snapshot.name, in: directory, isSure: isSure, lostSections: &lostSections)
        {
            positions.latest = latest
            positions.former = (try? Snapshot.position(of: Snapshot.formerName, in: directory)) ?? 0
        } else if let former = try restore(
            Snapshot.formerName, in: directory, isSure: isSure, lostSections: &lostSections)
        {
            positions.former = former
        }
        let start = max(positions.latest, positions.former)
        var records: RecordFile? = try openRecords(in: directory, isSure: isSure)
        let contents = records?.read(after: start) { state.replay($0) } ?? RecordFile.Contents()
        let position = max(start, contents.lastPosition)
        if let failure = contents.failure, !isSure || failure.kind != .damaged { throw failure }
        statistics.replayed(contents.records)
        statistics.skipped(contents.damaged + contents.unknown + lostSections)
        if contents.damaged > 0 {
            report(
                .error,
                "\(directory.file(RecordFile.name)): the bytes of \(contents.damaged) records "
                    + "changed; they are left out")
        }
        if contents.unknown > 0 {
            report(
                .error,
                "\(directory.file(RecordFile.name)): \(contents.unknown) records are not understood"
            )
        }
        if let failure = contents.failure {
            // What could be read is safe before the file that holds it goes, and SQLite has let go of
            // the file before another gets its name.
            try Snapshot(position: position, sections: state.snapshot()).write(in: directory)
            positions = SnapshotPositions(latest: position)
            records = nil
            records = try replaceRecords(failure, in: directory, isSure: isSure)
        }
        handover.withLock { handover in
            handover.records = records
            handover.position = position
            handover.snapshotPosition = max(positions.latest, positions.former)
            handover.prunable = positions.former
        }
        return positions
    }

    /// The position of a snapshot whose sections the state has taken, or nil when there is none.
    private func restore(
        _ name: String, in directory: StorageDirectory, isSure: Bool, lostSections: inout Int
    ) throws(StorageError) -> Int64? {
        if !directory.has(name) { return nil }
        let snapshot: Snapshot
        do throws(StorageError) {
            snapshot = try Snapshot.read(directory.file(name))
        } catch {
            try setAside([name], error: error, in: directory, isSure: isSure)
            return nil
        }
        for section in snapshot.sections where !state.restore(section.name, body: section.body.span)
        {
            lostSections += 1
            report(.error, "\(directory.file(name)): section '\(section.name)' is not understood")
        }
        return snapshot.position
    }

    private func openRecords(
        in directory: StorageDirectory, isSure: Bool
    ) throws(StorageError) -> RecordFile {
        do throws(StorageError) {
            return try RecordFile(in: directory)
        } catch {
            return try replaceRecords(error, in: directory, isSure: isSure)
        }
    }

    private func replaceRecords(
        _ error: StorageError, in directory: StorageDirectory, isSure: Bool
    ) throws(StorageError) -> RecordFile {
        try setAside(RecordFile.names, error: error, in: directory, isSure: isSure)
        return try RecordFile(in: directory)
    }

    /// Puts files that cannot be used out of the way, or throws `error` where they must stay.
    private func setAside(
        _ names: [String], error: StorageError, in directory: StorageDirectory, isSure: Bool
    ) throws(StorageError) {
        guard isSure, error.kind == .damaged || error.kind == .foreign else { throw error }
        let name = try directory.setAside(names, at: Clock.realNanoseconds / 1_000_000_000)
        statistics.failed(error)
        statistics.setAside()
        report(.error, "\(error); set aside as \(name)")
    }
}
