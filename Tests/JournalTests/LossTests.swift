import Glibc
import Journal
import Kernel
import Scratch
import Testing

/// Every acknowledged record is there at the start, or its loss is counted and logged.
@Suite(.serialized)
struct LossTests {
    let words = (1...200).map { "word-\($0)" }

    private func view(_ folder: Folder) throws -> StorageView {
        try StorageReader(
            folder.path, isThorough: true, makeState: { Ledger() }, kind: { _ in "word" }
        ).read().view
    }

    private func crashed(_ words: [String]) throws -> Folder {
        let folder = try Folder()
        let session = try Session(folder)
        for word in words { #expect(session.keep([word])) }
        let crashed = try folder.copy()
        #expect(session.stop())
        return crashed
    }

    private func expectToldAndRunning(_ folder: Folder, place: String) throws {
        #expect(try !view(folder).isSound, "\(place)")
        let session = try Session(folder)
        #expect(
            session.store.words == words || session.journal.statistics.skippedRecords > 0
                || session.journal.statistics.filesSetAside > 0, "\(place)")
        #expect(!session.reports.isEmpty, "\(place)")
        #expect(session.store.words == Array(words.prefix(session.store.words.count)), "\(place)")
        let found = session.store.words
        #expect(session.keep(["new"]), "\(place)")
        #expect(session.stop())
        let again = try Session(folder)
        #expect(again.store.words == found + ["new"], "\(place)")
        #expect(again.reports == [], "\(place)")
        #expect(try view(folder).isSound, "\(place)")
        #expect(again.stop())
    }

    @Test(arguments: [true, false])
    func `a flipped bit anywhere in the log is reported, with and without the lock file`(
        hasLock: Bool
    ) throws {
        let whole = try crashed(words)
        if !hasLock { whole.remove("lock") }
        let bytes = try whole.read("journal.db-wal")
        // Without the lock file the last transaction may as well be cut off by a power cut.
        let end = hasLock ? bytes.count : bytes.count * 9 / 10
        for index in stride(from: 20, to: end, by: end / 16) {
            let folder = try whole.copy()
            var damaged = bytes
            damaged[index] ^= 4
            try folder.write(damaged, to: "journal.db-wal")
            try expectToldAndRunning(folder, place: "byte \(index) of \(bytes.count)")
        }
    }

    @Test func `a log that is shorter than what was acknowledged is reported`() throws {
        let folder = try crashed(words)
        let bytes = try folder.read("journal.db-wal")
        try folder.write(Array(bytes[..<(bytes.count / 2)]), to: "journal.db-wal")
        #expect(
            try view(folder).faults.contains {
                $0.description.contains("acknowledged records are lost")
            })
        try expectToldAndRunning(folder, place: "half")
    }

    @Test func `a log with the rest of a transaction that a power cut ended is no damage`() throws {
        let folder = try crashed(words)
        folder.remove("lock")
        var bytes = try folder.read("journal.db-wal")
        // The last frame was not written, and neither was the note of its commit.
        for index in bytes.count - 4_000..<bytes.count { bytes[index] = 0 }
        try folder.write(bytes, to: "journal.db-wal")
        #expect(try view(folder).isSound)
        let session = try Session(folder)
        #expect(session.store.words == Array(words.dropLast()))
        #expect(session.reports == [])
        #expect(session.stop())
    }

    /// Frames of the log that end transactions, by their start.
    private func commits(_ log: [UInt8]) -> [Int] {
        let pageBytes = log[8..<12].reduce(0) { $0 << 8 | Int($1) }
        return stride(from: 32, to: log.count, by: 24 + pageBytes).filter { start in
            log[start + 4..<start + 8].contains { $0 != 0 }
        }
    }

    @Test func `what failed transactions left behind the last commit is no damage`() throws {
        let folder = try crashed(words)
        let bytes = try folder.read("journal.db-wal")
        let ends = commits(bytes)
        #expect(ends.count >= 40)
        let frameBytes = 24 + bytes[8..<12].reduce(0) { $0 << 8 | Int($1) }
        let half = ends[ends.count / 2] + frameBytes
        // Each began where the half ends, and the longer one was first: only its end is left.
        let left = [ends[ends.count - 20], ends[ends.count - 10], ends[ends.count - 1]]
        try folder.write(
            bytes[..<half] + left.flatMap { bytes[$0..<$0 + frameBytes] }, to: "journal.db-wal")
        // By the lock file, more was committed: then it is a loss.
        let told = try folder.copy()
        #expect(try !view(told).isSound)
        folder.remove("lock")
        #expect(try view(folder).isSound)
        let session = try Session(folder)
        #expect(!session.store.words.isEmpty)
        #expect(session.store.words == Array(words.prefix(session.store.words.count)))
        #expect(session.reports == [])
        #expect(session.stop())
    }

    @Test func `the loss is reported when all files of the records were removed`() throws {
        let folder = try crashed(words)
        for name in ["journal.db", "journal.db-wal", "journal.db-shm"] { folder.remove(name) }
        try expectToldAndRunning(folder, place: "removed")
    }

    @Test func `a lock file that is a symbolic link is not followed`() throws {
        let folder = try Folder()
        try folder.write("precious", to: "victim")
        _ = unsafe symlink("\(folder.path)/victim", "\(folder.path)/lock")
        let session = try Session(folder, waits: false)
        #expect(waitUntil { session.reports.contains { $0.contains("lock") } })
        #expect(!session.journal.isReady)
        #expect(session.stop())
        #expect(String(decoding: try folder.read("victim"), as: UTF8.self) == "precious")
    }

    // MARK: While the journal runs

    private var quick: JournalLimits {
        var limits = Session.limits
        limits.checkInterval = .milliseconds(10)
        return limits
    }

    @Test(arguments: [["journal.db"], ["lock"], ["journal.db-wal"], []])
    func `files that are removed while the journal runs are rewritten with all records`(
        names: [String]
    ) throws {
        let folder = try Folder()
        let session = try Session(folder, limits: quick)
        #expect(session.keep(words))
        for name in names.isEmpty ? folder.names : names { folder.remove(name) }
        usleep(20_000)
        #expect(session.keep(["late"]))
        #expect(session.reports.contains { $0.contains("was removed or replaced") })
        let crashed = try folder.copy()
        #expect(session.stop())
        let again = try Session(crashed)
        #expect(again.store.words == words + ["late"])
        #expect(again.stop())
    }

    @Test func `a file that replaces another while the journal runs is kept under another name`()
        throws
    {
        let folder = try Folder()
        let session = try Session(folder, limits: quick)
        #expect(session.keep(words))
        folder.remove("journal.db")
        try folder.write("of another program", to: "journal.db")
        usleep(20_000)
        #expect(session.keep(["late"]))
        #expect(session.stop())
        let name = try #require(folder.names.first { $0.hasPrefix("journal.db.set-aside-") })
        #expect(String(decoding: try folder.read(name), as: UTF8.self) == "of another program")
        let again = try Session(folder)
        #expect(again.store.words == words + ["late"])
        #expect(again.stop())
    }

    @Test func `a second journal on the folder overwrites no record when the lock was deleted`()
        throws
    {
        let folder = try Folder()
        var limits = Session.limits
        limits.checkInterval = .seconds(3_600)
        let first = try Session(folder, limits: limits)
        #expect(first.keep(["a", "b"]))
        folder.remove("lock")
        let second = try Session(folder, limits: limits)
        #expect(second.store.words == ["a", "b"])
        // The first has not noticed yet: what it commits is not the second's.
        #expect(first.keep(["first"]))
        let word = Word("second", store: second.store)
        #expect(second.journal.submit(word) == nil)
        #expect(word.wait()?.kind == .conflict)
        #expect(waitUntil { second.journal.isReady })
        #expect(second.store.words == ["a", "b", "first"])
        #expect(second.keep(["again"]))
        #expect(second.stop())
        _ = first.stop()
        let last = try Session(folder)
        #expect(last.store.words == ["a", "b", "first", "again"])
        #expect(last.stop())
    }

    @Test func `the file of records stays below its limit while no snapshot can be written`() throws
    {
        let folder = try Folder()
        var limits = Session.limits
        limits.fileBytes = 256 << 10
        limits.snapshotBytes = 64 << 10
        limits.snapshotRetryInterval = .milliseconds(20)
        let session = try Session(folder, limits: limits)
        // A folder in the place of the draft lets every snapshot fail.
        try folder.make("snapshot-draft.db")
        let long = String(repeating: "x", count: 4_000)
        var kept = 0
        while kept < 400, session.keep(["\(kept)-\(long)"]) { kept += 1 }
        #expect(kept > 10 && kept < 200)
        #expect(try folder.read("journal.db").count <= 300 << 10)
        #expect(session.journal.statistics.errors(of: .snapshot) > 0)
        _ = unsafe rmdir("\(folder.path)/snapshot-draft.db")
        #expect(waitUntil { session.keep(["after"]) })
        #expect(session.stop())
        let again = try Session(folder)
        #expect(again.store.words.count == kept + 1)
        #expect(again.stop())
    }
}
