internal import Kernel

extension Journal {
    /// Positions of the two snapshots on the disk, 0 for one that is not there.
    struct SnapshotPositions: Sendable {
        var latest: Int64 = 0
        var former: Int64 = 0

        var newest: Int64 { max(latest, former) }
    }

    /// The body of the keeper's thread.
    func keep() {
        var positions = openUntilEnd()
        while true {
            let (snapshot, isCheckpointWanted, isLast) = handover.withLock { handover in
                let work = (handover.snapshot, handover.isCheckpointWanted, handover.isWriterDone)
                handover.isCheckpointWanted = false
                return work
            }
            if let snapshot { write(snapshot, positions: &positions) }
            if isCheckpointWanted { checkpoint() }
            if isLast { break }
            keeperWakeup.wait()
        }
        handover.withLock { $0.isKeeperDone = true }
        endWakeup.signal()
    }

    /// Opens the storage, again and again until it can be used or the end has been asked for.
    private func openUntilEnd() -> SnapshotPositions {
        while status != .ending {
            do throws(StorageError) {
                let positions = try open()
                writerWakeup.signal()
                return positions
            } catch {
                fail(error)
            }
            let next = Clock.monotonicNanoseconds &+ limits.retryInterval.nanoseconds
            while Clock.monotonicNanoseconds < next, status != .ending {
                keeperWakeup.wait(atMost: limits.retryInterval)
            }
        }
        return SnapshotPositions()
    }

    private func write(_ snapshot: Snapshot, positions: inout SnapshotPositions) {
        do throws(StorageError) {
            guard try claim().isLockInPlace() else {
                // The writer notices as well; until then nothing of another daemon is replaced.
                throw StorageError(
                    .snapshot, kind: .conflict,
                    description: "\(path)/\(StorageDirectory.lockName) was removed or replaced")
            }
            try claim().updateClockCheckpoint()
            let isWritten = try files.withLock { _ throws(StorageError) in
                // Nil, or another, since the writer has begun new files.
                let isWanted = handover.withLock { $0.snapshot?.position == snapshot.position }
                if isWanted { try snapshot.write(in: claim()) }
                return isWanted
            }
            if isWritten {
                positions.former = positions.latest
                positions.latest = snapshot.position
                statistics.wroteSnapshot(at: Clock.realNanoseconds / 1_000_000_000)
            }
        } catch {
            statistics.failed(error)
            report(.error, "no snapshot was written: \(error)")
            let newest = positions.newest
            handover.withLock { $0.failedSnapshot = newest }
        }
        let prunable = positions.former
        handover.withLock { handover in
            if handover.snapshot?.position == snapshot.position { handover.snapshot = nil }
            handover.prunable = prunable
        }
    }

    /// Moves SQLite's log into its file without holding up the writer.
    private func checkpoint() {
        do throws(StorageError) {
            let database = try Database(claim().file(RecordFile.name), access: .writingExisting)
            try database.execute(
                "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(PASSIVE)", operation: .checkpoint)
            handover.withLock { $0.isLogMoved = true }
        } catch {
            checkpointFailed(error)
        }
    }

    func checkpointFailed(_ error: StorageError) {
        statistics.failed(
            StorageError(.checkpoint, kind: error.kind, description: error.description))
        report(.error, "the log was not moved into its file: \(error)")
    }
}
