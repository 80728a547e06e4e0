internal import Glibc
internal import Kernel

/// Reads a storage folder into a state, and changes no file. The start of the daemon and
/// `storage verify` both run it, so that one reports what the other does.
struct Recovery {
    /// Rows of one read transaction: a daemon beside this process must be able to move its log.
    private static let rowsPerTransaction: Int64 = 1_000

    /// What the start does with a file that the machine does not let it read.
    static let refusal = "a start refuses pushes until it can read the file"

    let path: String
    let options: Options
    var view: StorageView
    /// The position of the last record that the state holds.
    private(set) var position: Int64 = 0
    private(set) var snapshots = Journal.SnapshotPositions()
    /// Records that were applied.
    private(set) var replayed = 0
    /// Records and sections that are damaged, missing or not understood.
    private(set) var skipped = 0
    /// Files that a start sets aside, with the reason.
    private(set) var unusable: [(names: [String], error: StorageError)] = []
    /// What a start logs about records and sections that it leaves out, a line for each kind.
    private(set) var messages: [String] = []
    private var hasGap = false
    private var firstReasons: [String: (reason: String, count: Int)] = [:]

    struct Options {
        /// Lets SQLite check its files, and follows the way that a start takes if the latest snapshot
        /// is damaged.
        var isThorough = false
        /// Whether the former snapshot is read as well.
        var readsFormer = true
        /// Whether a daemon has claimed the folder and may change it.
        var isClaimed = false
        /// Whether a file that the machine does not let this process read ends the recovery.
        var throwsRefusals = false
        /// What a record is called in the view.
        var kind: (Span<UInt8>) -> String = { _ in "" }
    }

    init(_ path: String, options: Options) {
        self.path = path
        self.options = options
        view = StorageView(path)
        view.isClaimed = options.isClaimed
    }

    /// Whether a start must write a snapshot before new records: because the file of records will be
    /// set aside, or because positions of lost records are skipped, which the next start would take
    /// for another loss.
    var needsSnapshot: Bool {
        hasGap || unusable.contains { $0.names.first == RecordFile.name }
    }

    /// Reads everything into `state`, which is empty. `other` follows the former snapshot. Throws if
    /// a later release wrote a file, or if the folder cannot be read.
    mutating func run(
        into state: any JournalState, other: (any JournalState)? = nil
    ) throws(StorageError) {
        view.files = try StorageView.files(in: path)
        // Before the records: a daemon beside this process commits more of them meanwhile.
        let committed = committedPosition()
        var otherPosition: Int64?
        if let latest = try restore(Snapshot.name, into: state) {
            snapshots.latest = latest
            if !options.readsFormer {
                snapshots.former = (try? Snapshot.position(of: Snapshot.formerName, at: path)) ?? 0
            } else if let former = try restore(Snapshot.formerName, into: other) {
                snapshots.former = former
                if other != nil { otherPosition = former }
            }
        } else if let former = try restore(Snapshot.formerName, into: state) {
            snapshots.former = former
        }
        position = snapshots.newest
        try readRecords(into: state, other: other, from: otherPosition, committed: committed)
        if committed > position { recordLoss(of: committed - position, committed: committed) }
        for (kind, entry) in firstReasons.sorted(by: { $0.key < $1.key }) {
            let file = kind.split(separator: " ")[0]
            messages.append("\(path)/\(file): \(entry.count) \(entry.reason)")
        }
    }

    private func committedPosition() -> Int64 {
        let file = LockFile.open("\(path)/\(StorageDirectory.lockName)", flags: O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        return LockFile.position(file)
    }

    private mutating func recordLoss(of count: Int64, committed: Int64) {
        skipped += Int(clamping: count)
        view.addFault(
            RecordFile.name,
            finding:
                "\(count) acknowledged records are lost: the lock file says that record \(committed) was committed, and the last that can be read is \(position)",
            consequence: "a start counts them in ml_journal_skipped_records")
        messages.append(
            "\(path)/\(RecordFile.name): \(count) acknowledged records are lost: record \(committed) was committed, and the last that can be read is \(position)"
        )
        // Their positions are not used again.
        position = committed
        hasGap = true
    }

    /// Counts something that is left out; the first reason of each file and kind is logged.
    private mutating func skip(_ file: String, kind: String, reason: String) {
        skipped += 1
        firstReasons["\(file) \(kind)", default: (reason, 0)].count += 1
    }

    // MARK: Snapshots

    /// Reads a snapshot into `state`. Returns its position; nil if it is missing or unusable.
    private mutating func restore(
        _ name: String, into state: (any JournalState)?
    ) throws(StorageError) -> Int64? {
        let file = "\(path)/\(name)"
        var status = stat()
        guard unsafe stat(file, &status) == 0 else { return nil }
        let consequence =
            name == Snapshot.name
            ? "a start sets the file aside and begins with the former snapshot, if there is one"
            : "a start needs it only when \(Snapshot.name) is damaged"
        let faultsBefore = view.faultCount
        do throws(StorageError) {
            var sections: [Snapshot.Section] = []
            var damage: StorageError?
            let database = try Database(file, access: .looking)
            var view = view
            let head = try Snapshot.read(database) { section in
                sections.append(Snapshot.Section(name: section.name, body: section.body))
                if section.isSound { return }
                damage =
                    damage
                    ?? StorageError(
                        .open, kind: .damaged,
                        description: "\(file): the bytes of section \(section.number) changed")
                view.addFault(
                    "\(name), section \(section.number) '\(section.name)'",
                    finding: "its bytes changed", consequence: consequence)
            }
            if sections.count != head.sections {
                damage = StorageError(
                    .open, kind: .damaged,
                    description: "\(file) has \(sections.count) of \(head.sections) sections")
                view.addFault(
                    name, finding: "\(sections.count) of \(head.sections) sections",
                    consequence: consequence)
            }
            view.setFormat(try database.integer("PRAGMA user_version", operation: .open), of: name)
            var part = StorageView.SnapshotPart(
                file: name, position: head.position, writtenSeconds: Int64(status.st_mtim.tv_sec))
            for section in sections {
                part.sections[section.name, default: StorageView.Amount()].add(section.body.count)
            }
            view.snapshots.append(part)
            self.view = view
            if let damage {
                unusable.append(([name], damage))
                return nil
            }
            if let state { restore(sections, of: name, into: state) }
            if options.isThorough { try check(database, name: name) }
            return head.position
        } catch {
            if error.kind == .newer || (error.kind == .refused && options.throwsRefusals) {
                throw error
            }
            if error.kind != .refused { unusable.append(([name], error)) }
            if view.faultCount == faultsBefore {
                view.addFault(
                    name, finding: error.description,
                    consequence: error.kind == .refused ? Recovery.refusal : consequence)
            }
            return nil
        }
    }

    private mutating func restore(
        _ sections: [Snapshot.Section], of name: String, into state: any JournalState
    ) {
        for (number, section) in sections.enumerated() {
            guard let reason = state.restore(section.name, body: section.body.span) else {
                continue
            }
            view.unknownSections += 1
            skip(
                name, kind: "section", reason: "sections are left out, the first because \(reason)")
            view.addFault(
                "\(name), section \(number) '\(section.name)'", finding: reason,
                consequence: "a start leaves it out and counts it in ml_journal_skipped_records")
        }
    }

    /// Lets SQLite check its file.
    private mutating func check(
        _ database: borrowing Database, name: String
    ) throws(StorageError) {
        let rows = try database.prepare("PRAGMA integrity_check", operation: .read)
        while try rows.step() {
            let row = rows.text(0)
            if row == "ok" { continue }
            view.addFault(
                name, finding: "SQLite's integrity_check: \(row)",
                consequence: "all data could be read; a start is not affected")
        }
    }

    // MARK: Records

    private mutating func readRecords(
        into state: any JournalState, other: (any JournalState)?, from otherPosition: Int64?,
        committed: Int64
    ) throws(StorageError) {
        let file = "\(path)/\(RecordFile.name)"
        if unsafe access(file, F_OK) != 0, unsafe access("\(file)-wal", F_OK) != 0 { return }
        var records = StorageView.Records()
        do throws(StorageError) {
            try RecordFile.requireFileOfLog(file)
            // A daemon that works on the file changes its log at any time.
            let scan = options.isClaimed ? nil : try LogScan("\(file)-wal")
            let database = try Database(file, access: options.isClaimed ? .reading : .looking)
            let isFresh = try FileFormat.records.isFresh(database)
            view.setFormat(
                try database.integer("PRAGMA user_version", operation: .open), of: RecordFile.name)
            if !isFresh {
                try read(
                    database, into: state, other: other, from: otherPosition, records: &records)
            }
            // Hidden transactions that do not follow each other may have failed: then nothing that
            // was committed is missing.
            if let scan,
                scan.isDamaged || (scan.hiddenTransactions > 1 && position < committed)
            {
                throw Recovery.error(of: scan, at: "\(file)-wal")
            }
            if options.isThorough { try check(database, name: RecordFile.name) }
        } catch {
            if error.kind == .newer || (error.kind == .refused && options.throwsRefusals) {
                throw error
            }
            if error.kind != .refused { unusable.append((RecordFile.names, error)) }
            let finding =
                records.range.map { "\(error), behind record \($0.upperBound)" }
                ?? error.description
            let consequence =
                "a start keeps what it could read and sets the file aside; what neither a snapshot "
                + "nor that holds is lost"
            view.addFault(
                RecordFile.name, finding: finding,
                consequence: error.kind == .refused ? Recovery.refusal : consequence)
            if records.range == nil { return }
        }
        view.records = records
    }

    private static func error(of scan: LogScan, at path: String) -> StorageError {
        let finding =
            scan.isHeaderDamaged
            ? "\(path): the header changed"
            : "\(path): bytes in the middle changed, and \(scan.hiddenTransactions) commits behind them cannot be read"
        return StorageError(.open, kind: .damaged, description: finding)
    }

    private mutating func read(
        _ database: borrowing Database, into state: any JournalState,
        other: (any JournalState)?, from otherPosition: Int64?,
        records: inout StorageView.Records
    ) throws(StorageError) {
        let select = try database.prepare(
            """
            SELECT position, checksum, body FROM record WHERE position > ?1
            ORDER BY position LIMIT ?2
            """, operation: .read)
        let start = position
        // A start skips records that its snapshot already contains.
        var last: Int64 = options.readsFormer ? 0 : start
        var rows: Int64
        repeat {
            rows = 0
            select.bind(1, value: last)
            select.bind(2, value: Recovery.rowsPerTransaction)
            while try select.step() {
                rows += 1
                let place = select.integer(0)
                recordGap(before: place, after: max(last, start))
                last = place
                position = max(position, place)
                let checksum = select.integer(1)
                select.bytes(2) { body in
                    let isSound = Checksum.of(body, at: place) == checksum
                    records.add(body, at: place, kind: isSound ? options.kind(body) : "damaged")
                    var reason = isSound ? nil : "its bytes changed"
                    if place > start {
                        records.replayed.add(body.count)
                        if isSound { reason = state.replay(body) }
                        if reason == nil {
                            replayed += 1
                        } else if !isSound {
                            skip(
                                RecordFile.name, kind: "damaged",
                                reason: "records changed; they are left out")
                        } else {
                            skip(
                                RecordFile.name, kind: "unknown",
                                reason: "records are left out, the first because \(reason ?? "")")
                        }
                    }
                    if let other, let otherPosition, place > otherPosition, isSound {
                        reason = other.replay(body) ?? reason
                    }
                    guard let reason else { return }
                    view.addFault(
                        "\(RecordFile.name), record \(place)", finding: reason,
                        consequence: place > start
                            ? "a start leaves it out and counts it in ml_journal_skipped_records"
                            : "a start needs it only when \(Snapshot.name) is damaged")
                }
            }
            select.reset()
        } while rows == Recovery.rowsPerTransaction
    }

    private mutating func recordGap(before place: Int64, after last: Int64) {
        if place <= last + 1 { return }
        let count = place - last - 1
        skipped += Int(clamping: count)
        hasGap = true
        view.addFault(
            RecordFile.name, finding: "records \(last + 1) to \(place - 1) are missing",
            consequence:
                "a start counts them in ml_journal_skipped_records and continues without them")
        messages.append(
            "\(path)/\(RecordFile.name): records \(last + 1) to \(place - 1) are missing")
    }
}
