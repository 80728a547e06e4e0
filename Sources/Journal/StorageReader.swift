internal import Glibc
internal import Kernel

/// Reads a storage folder as a start of the daemon would, and leaves everything as it is: also
/// beside a daemon that works on it.
package struct StorageReader<State: JournalState> {
    /// How often the folder is read anew because a daemon has changed it meanwhile.
    private static var attempts: Int { 3 }

    /// What a start does with a file that the machine does not let it read.
    static var refusal: String { "a start refuses pushes until it can read the file" }

    let path: String
    let isThorough: Bool
    private let makeState: () -> State
    let kind: (Span<UInt8>) -> String

    /// `isThorough` lets SQLite check its files and also follows the way that a start takes when the
    /// latest snapshot is damaged. `makeState` makes an empty state; `kind` says what a record is.
    package init(
        _ path: String, isThorough: Bool, makeState: @escaping () -> State,
        kind: @escaping (Span<UInt8>) -> String
    ) {
        self.path = path
        self.isThorough = isThorough
        self.makeState = makeState
        self.kind = kind
    }

    /// What there is, and the state that a start leads to. Throws when there is no such folder, or
    /// when a later release wrote it.
    package func read() throws(StorageError) -> (view: StorageView, state: State) {
        var attempt = 1
        StorageDirectory.followClock(path)
        while true {
            let before = try footprint()
            let result = pass(isClaimed: before.isClaimed)
            // What a daemon changes between two looks is no damage.
            if attempt < StorageReader.attempts, try footprint() != before {
                switch result {
                case .success(let found) where found.view.isSound: return found
                default: attempt += 1
                }
                continue
            }
            return try result.get()
        }
    }

    // MARK: The folder

    /// What tells whether the files that are read have been replaced by others.
    private struct Footprint: Equatable {
        var isClaimed = false
        var nodes: [UInt64] = []
    }

    private func footprint() throws(StorageError) -> Footprint {
        var folder = stat()
        guard unsafe stat(path, &folder) == 0 else { throw StorageError(.open, error: .last(path)) }
        guard folder.st_mode & S_IFMT == S_IFDIR else {
            throw StorageError(.open, error: KernelError(ENOTDIR, subject: path))
        }
        var footprint = Footprint(isClaimed: StorageDirectory.isClaimed(path))
        for name in [Snapshot.name, Snapshot.formerName, RecordFile.name] {
            var file = stat()
            let isThere = unsafe stat("\(path)/\(name)", &file) == 0
            footprint.nodes.append(isThere ? UInt64(file.st_ino) : 0)
        }
        return footprint
    }

    /// A state on its way from a snapshot, and the position that the snapshot brought it to.
    struct Way {
        let state: State
        var position: Int64
    }

    /// Reads everything once.
    private func pass(
        isClaimed: Bool
    ) -> Result<(view: StorageView, state: State), StorageError> {
        do throws(StorageError) {
            var view = StorageView(path)
            view.isClaimed = isClaimed
            view.files = try StorageView.files(in: path)
            let state = makeState()
            var way = Way(state: state, position: 0)
            var otherWay: Way?
            if let latest = try restore(Snapshot.name, into: state, view: &view) {
                way.position = latest
                // A start that finds the latest sound does not look at the former.
                let other = isThorough ? makeState() : nil
                let former = try restore(Snapshot.formerName, into: other, view: &view)
                if let other, let former { otherWay = Way(state: other, position: former) }
            } else if let former = try restore(Snapshot.formerName, into: state, view: &view) {
                way.position = former
            }
            try readRecords(way, otherWay: otherWay, view: &view)
            return .success((view, state))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Snapshots

    /// Reads a snapshot into `state`. Returns its position; nil when there is none that can be used.
    private func restore(
        _ name: String, into state: State?, view: inout StorageView
    ) throws(StorageError) -> Int64? {
        let file = "\(path)/\(name)"
        var status = stat()
        guard unsafe stat(file, &status) == 0 else { return nil }
        let consequence =
            name == Snapshot.name
            ? "a start sets the file aside and begins with the former snapshot, if there is one"
            : "a start needs it only when \(Snapshot.name) is damaged"
        let faultsBefore = view.faultCount
        var sections: [Snapshot.Section] = []
        do throws(StorageError) {
            let database = try Database(file, access: .looking)
            let head = try Snapshot.read(database) { section in
                sections.append(Snapshot.Section(section.name, body: section.body))
                if !section.isSound {
                    view.note(
                        "\(name), section \(section.number) '\(section.name)'",
                        finding: "its bytes changed",
                        consequence: consequence)
                }
            }
            if sections.count != head.sections {
                view.note(
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
            if view.faultCount > faultsBefore { return nil }
            if let state { restore(sections, of: name, into: state, view: &view) }
            if isThorough { try check(database, name: name, view: &view) }
            return head.position
        } catch {
            if error.kind == .newer { throw error }
            view.note(
                name, finding: error.description,
                consequence: error.kind == .refused ? StorageReader.refusal : consequence)
            return nil
        }
    }

    private func restore(
        _ sections: [Snapshot.Section], of name: String, into state: State,
        view: inout StorageView
    ) {
        for (number, section) in sections.enumerated()
        where !state.restore(section.name, body: section.body.span) {
            view.unknownSections += 1
            view.note(
                "\(name), section \(number) '\(section.name)'", finding: "it is not understood",
                consequence: "a start leaves it out and counts it in ml_journal_skipped_records")
        }
    }

    /// Lets SQLite look through its file.
    func check(
        _ database: borrowing Database, name: String, view: inout StorageView
    ) throws(StorageError) {
        let rows = try database.prepare("PRAGMA integrity_check", operation: .read)
        while try rows.step() {
            let row = rows.text(0)
            if row == "ok" { continue }
            view.note(
                name, finding: "SQLite's integrity_check: \(row)",
                consequence: "all of it could be read; a start notices nothing")
        }
    }
}
