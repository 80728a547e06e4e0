import Glibc
import Journal
import Kernel
import Scratch
import Testing

@Suite(.serialized)
struct StorageReaderTests {
    let words = (1...60).map { "word-\($0)" }

    private func reader(_ folder: Folder, thorough: Bool = true) -> StorageReader<Ledger> {
        StorageReader(
            folder.path, isThorough: thorough, makeState: { Ledger() },
            kind: { $0.count > 6 ? "long" : "short" })
    }

    /// Both snapshots and three records behind them, as a crash leaves it.
    private func crashedFolder() throws -> Folder {
        let folder = try Folder()
        for part in [words[0..<30], words[30..<60]] {
            let session = try Session(folder)
            #expect(session.keep(Array(part)))
            #expect(session.stop())
        }
        let session = try Session(folder)
        #expect(session.keep(["a", "b", "c"]))
        let crashed = try folder.copy()
        #expect(session.stop())
        return crashed
    }

    private func contents(_ folder: Folder) throws -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: try folder.names.map { ($0, try folder.read($0)) })
    }

    @Test(arguments: [true, false])
    func `a folder is read as a start would and not one byte of it changes`(thorough: Bool) throws {
        let folder = try crashedFolder()
        let before = try contents(folder)
        let (view, state) = try reader(folder, thorough: thorough).read()
        #expect(state.words == words + ["a", "b", "c"])
        #expect(view.isSound, "\(view.faults)")
        #expect(!view.isClaimed && !view.isEmpty)
        #expect(view.snapshots.map(\.file) == ["snapshot.db", "snapshot-former.db"])
        #expect(view.snapshots.map(\.position) == [60, 30])
        #expect(view.records?.range == 31...63)
        #expect(view.records?.replayed.count == 3)
        #expect(view.records?.kinds["short"]?.count == 3)
        #expect(view.records?.kinds["long"]?.count == 30)
        #expect(view.files.filter { $0.format == 3 }.count == 3)
        let after = try contents(folder)
        #expect(after == before)
    }

    @Test func `a folder without the index of its log is read all the same`() throws {
        let folder = try crashedFolder()
        _ = unsafe unlink("\(folder.path)/journal.db-shm")
        let before = try contents(folder)
        let (_, state) = try reader(folder).read()
        #expect(state.words.count == 63)
        let after = try contents(folder)
        #expect(after == before)
    }

    @Test func `a folder is read beside a journal that works on it`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(words))
        let (view, state) = try reader(folder).read()
        #expect(view.isClaimed && view.isSound)
        #expect(state.words == words)
        #expect(session.keep(["more"]))
        #expect(try reader(folder).read().state.words == words + ["more"])
        #expect(session.stop())
        #expect(session.reports == [])
    }

    @Test func `a folder that a journal keeps changing is sound at every look`() throws {
        let folder = try Folder()
        var limits = Session.limits
        limits.snapshotBytes = 64
        let session = try Session(folder, limits: limits)
        #expect(session.keep(["first"]))
        for round in 0..<60 {
            #expect(session.keep(["word-\(round)", "other-\(round)"]))
            let (view, state) = try reader(folder).read()
            #expect(view.isSound, "\(view.faults)")
            #expect(state.words.count == 3 + 2 * round)
        }
        #expect(session.stop())
    }

    @Test func `every damaged record and section is a fault with its place`() throws {
        let folder = try crashedFolder()
        let session = try Session(folder)
        #expect(session.keep(["riddle", "d"]))
        let crashed = try folder.copy()
        #expect(session.stop())
        let (view, state) = try reader(crashed).read()
        #expect(
            view.faults.map(\.description) == [
                "journal.db, record 64: it is not understood; a start leaves it out and counts it "
                    + "in ml_journal_skipped_records"
            ])
        #expect(state.words.suffix(2) == ["c", "d"])
    }

    @Test(arguments: ["snapshot.db", "snapshot-former.db"])
    func `a damaged snapshot is a fault and the other is read`(name: String) throws {
        let folder = try crashedFolder()
        var bytes = try folder.read(name)
        bytes[bytes.count - 10] ^= 0xff
        try folder.write(bytes, to: name)
        let (view, state) = try reader(folder).read()
        #expect(view.faults.count == 1)
        #expect(view.faults.first?.place == "\(name), section 0 'words'")
        #expect(state.words == words + ["a", "b", "c"])
    }

    @Test func `records that are missing are a fault`() throws {
        let folder = try crashedFolder()
        for name in ["snapshot.db", "snapshot-former.db"] {
            _ = unsafe unlink("\(folder.path)/\(name)")
        }
        let (view, _) = try reader(folder).read()
        #expect(view.faults.count == 1)
        #expect(view.faults.first?.finding == "records 1 to 30 are missing")
    }

    @Test func `any flipped byte is reported or harmless, and nothing is written`() throws {
        let whole = try crashedFolder()
        for name in ["journal.db", "snapshot.db", "journal.db-wal"] {
            let bytes = try whole.read(name)
            for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
                let folder = try whole.copy()
                var damaged = bytes
                damaged[index] ^= 0x55
                try folder.write(damaged, to: name)
                let before = try contents(folder)
                if let (view, state) = try? reader(folder).read() {
                    let isWhole = state.words.count == 63
                    // A log that is cut off by damage looks like one whose last commit was cut off.
                    #expect(
                        isWhole || !view.isSound || name == "journal.db-wal",
                        "\(name), byte \(index)")
                }
                let after = try contents(folder)
                #expect(after == before, "\(name), byte \(index)")
            }
        }
    }

    @Test func `a later release is refused, an older one is read, no folder is an error`() throws {
        let folder = try crashedFolder()
        // The user version of a SQLite file: bytes 60 to 63, big-endian.
        var bytes = try folder.read("snapshot.db")
        bytes[63] = 0
        try folder.write(bytes, to: "snapshot.db")
        #expect(try reader(folder).read().view.isSound)
        bytes[63] = 4
        try folder.write(bytes, to: "snapshot.db")
        let error = #expect(throws: StorageError.self) { _ = try reader(folder).read() }
        #expect(error?.kind == .newer)
        #expect(throws: StorageError.self) {
            _ = try StorageReader(
                "\(folder.path)/nowhere", isThorough: false, makeState: { Ledger() },
                kind: { _ in "" }
            ).read()
        }
    }

    @Test func `an empty folder is sound and stays empty`() throws {
        let folder = try Folder()
        let (view, state) = try reader(folder).read()
        #expect(view.isEmpty && view.isSound && state.words.isEmpty)
        #expect(folder.names.isEmpty)
    }
}
