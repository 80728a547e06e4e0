internal import Glibc

extension StorageReader {
    /// Rows of one look at the file: a daemon can empty its log between two.
    private static var rowsPerLook: Int64 { 1_000 }

    /// Gives the records to the states that come before them: to that of a start, and to the one
    /// that a start would lead to if the latest snapshot was damaged.
    func readRecords(
        _ way: Way, otherWay: Way?, view: inout StorageView
    ) throws(StorageError) {
        let file = "\(path)/\(RecordFile.name)"
        if unsafe access(file, F_OK) != 0, unsafe access("\(file)-wal", F_OK) != 0 { return }
        var records = StorageView.Records()
        do throws(StorageError) {
            try RecordFile.requireFileOfLog(file)
            let database = try Database(file, access: view.isClaimed ? .reading : .looking)
            let isFresh = try FileFormat.records.isFresh(database)
            view.setFormat(
                try database.integer("PRAGMA user_version", operation: .open), of: RecordFile.name)
            if !isFresh {
                try read(database, way: way, otherWay: otherWay, records: &records, view: &view)
            }
            if isThorough { try check(database, name: RecordFile.name, view: &view) }
        } catch {
            if error.kind == .newer { throw error }
            let finding =
                records.range.map { "\(error), behind record \($0.upperBound)" }
                ?? error.description
            let consequence =
                "a start keeps what it could read and sets the file aside; what neither a snapshot "
                + "nor that holds is lost"
            view.note(
                RecordFile.name, finding: finding,
                consequence: error.kind == .refused ? StorageReader.refusal : consequence)
            if records.range == nil { return }
        }
        view.records = records
    }

    private func read(
        _ database: borrowing Database, way: Way, otherWay: Way?,
        records: inout StorageView.Records, view: inout StorageView
    ) throws(StorageError) {
        let select = try database.prepare(
            """
            SELECT position, checksum, body FROM record WHERE position > ?1
            ORDER BY position LIMIT ?2
            """, operation: .read)
        var last: Int64 = 0
        var rows: Int64
        repeat {
            rows = 0
            select.bind(1, value: last)
            select.bind(2, value: StorageReader.rowsPerLook)
            while try select.step() {
                rows += 1
                let position = select.integer(0)
                let expected = max(last, way.position) + 1
                if position > expected {
                    view.note(
                        RecordFile.name,
                        finding: "records \(expected) to \(position - 1) are missing",
                        consequence: "a start goes on without them")
                }
                last = position
                let checksum = select.integer(1)
                select.bytes(2) { body in
                    let isSound = Checksum.of(body, at: position) == checksum
                    records.add(body, at: position, kind: isSound ? kind(body) : "damaged")
                    if position > way.position { records.replayed.add(body.count) }
                    if isSound, replay(body, at: position, way: way, otherWay: otherWay) { return }
                    view.note(
                        "\(RecordFile.name), record \(position)",
                        finding: isSound ? "it is not understood" : "its bytes changed",
                        consequence: position > way.position
                            ? "a start leaves it out and counts it in ml_journal_skipped_records"
                            : "a start needs it only when \(Snapshot.name) is damaged")
                }
            }
            select.reset()
        } while rows == StorageReader.rowsPerLook
    }

    /// Whether all who come before the record understand it.
    private func replay(
        _ body: Span<UInt8>, at position: Int64, way: Way, otherWay: Way?
    ) -> Bool {
        var isUnderstood = true
        if position > way.position { isUnderstood = way.state.replay(body) }
        if let otherWay, position > otherWay.position {
            isUnderstood = otherWay.state.replay(body) && isUnderstood
        }
        return isUnderstood
    }
}
