internal import Kernel

extension Journal {
    /// What a compaction did.
    package struct Compaction: Sendable {
        /// Records that were applied to the latest snapshot.
        package let records: UInt64
        /// The new name of the file of records, when some of it could not be used.
        package let keptAs: String?
    }

    /// Writes the whole state into both snapshots and begins a new file of records. The journal must
    /// not have been started.
    ///
    /// Whenever it is cut off, the folder leads to the same state: the records go when both
    /// snapshots hold them.
    package func compact() throws(StorageError) -> Compaction {
        _ = try open()
        let directory = try claim()
        let position = handover.withLock { handover in
            // SQLite has let go of the file before it goes.
            handover.records = nil
            return handover.position
        }
        // The first time the one before becomes the former, the second time this one.
        for _ in 0..<2 {
            try Snapshot(position: position, parts: state.snapshot()).write(in: directory)
        }
        var keptAs: String?
        if statistics.skippedRecords > 0, directory.has(RecordFile.name) {
            keptAs = try directory.setAside(
                RecordFile.names, at: Clock.realNanoseconds / 1_000_000_000)
        } else {
            // A log that outlived its file would be taken for the new one's.
            for name in RecordFile.names.reversed() {
                directory.remove(name)
                try directory.synchronize(.prune)
            }
        }
        _ = try RecordFile(in: directory, limits: limits)
        return Compaction(records: statistics.replayedRecords, keptAs: keptAs)
    }
}
