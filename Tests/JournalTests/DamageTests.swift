import Glibc
import Journal
import Kernel
import Scratch
import Testing

@Suite(.serialized)
struct DamageTests {
    let words = (1...60).map { "word-\($0)" }

    private func crashedFolder() throws -> Folder {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(words))
        #expect(session.stop())
        let more = try Session(folder)
        #expect(more.keep(["last"]))
        let crashed = try folder.copy()
        #expect(more.stop())
        return crashed
    }

    @Test(arguments: ["journal.db", "snapshot.db", "journal.db-wal"])
    func `any flipped byte is found or harmless and the journal serves on`(name: String) throws {
        let whole = try crashedFolder()
        let bytes = try whole.read(name)
        #expect(!bytes.isEmpty)
        for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
            let folder = try whole.copy()
            var damaged = bytes
            damaged[index] ^= 0x55
            try folder.write(damaged, to: name)
            let session = try Session(folder)
            let kept = session.store.words
            #expect(kept.allSatisfy { words.contains($0) || $0 == "last" }, "byte \(index)")
            #expect(Set(kept).count == kept.count, "byte \(index)")
            #expect(session.keep(["new"]), "byte \(index): \(session.reports)")
            #expect(session.stop())
        }
    }

    @Test(arguments: ["journal.db", "snapshot.db", "journal.db-wal"])
    func `a file cut at any length is found and the journal serves on`(name: String) throws {
        let whole = try crashedFolder()
        let bytes = try whole.read(name)
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 25)) {
            let folder = try whole.copy()
            try folder.write(Array(bytes[..<length]), to: name)
            let session = try Session(folder)
            let kept = session.store.words
            #expect(kept.allSatisfy { words.contains($0) || $0 == "last" }, "length \(length)")
            #expect(session.keep(["new"]), "length \(length): \(session.reports)")
            #expect(session.stop())
        }
    }

    @Test func `a file of another program is set aside`() throws {
        let folder = try Folder()
        try folder.write(
            Array("Dear diary, ".utf8) + Array(repeating: 0x41, count: 5_000), to: "journal.db")
        let session = try Session(folder)
        #expect(session.keep(words))
        #expect(session.journal.statistics.filesSetAside == 1)
        #expect(folder.names.contains { $0.hasPrefix("journal.db.set-aside-") })
        #expect(session.stop())
    }

    @Test func `a file of a later release is left alone and says so`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(["a"]))
        #expect(session.stop())
        // The user version of a SQLite file: bytes 60 to 63, big-endian.
        var bytes = try folder.read("journal.db")
        bytes[63] = 4
        try folder.write(bytes, to: "journal.db")

        let later = try Session(folder, waits: false)
        #expect(
            waitUntil {
                later.reports.contains { $0.contains("this release reads formats up to 3") }
            })
        #expect(later.journal.submit(Word("b", store: later.store))?.kind == .newer)
        #expect(later.stop())
        #expect(try folder.read("journal.db") == bytes)
    }

    @Test func `records that cannot be decoded are counted and only they are skipped`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(["a", "riddle", "b"]))
        let crashed = try folder.copy()
        #expect(session.stop())
        let again = try Session(crashed)
        #expect(again.store.words == ["a", "b"])
        #expect(again.journal.statistics.skippedRecords == 1)
        #expect(again.stop())
    }

    @Test func `a folder that cannot be made is tried again until it can`() throws {
        let folder = try Folder()
        try folder.write([], to: "file")
        let store = Ledger()
        var limits = Session.limits
        limits.retryInterval = .milliseconds(20)
        let journal = try Journal("\(folder.path)/file/data", state: store, limits: limits) {
            _, _ in
        }
        try journal.start()
        #expect(journal.submit(Word("a", store: store))?.kind == .refused)
        _ = unsafe unlink("\(folder.path)/file")
        #expect(waitUntil { journal.isReady })
        let word = Word("b", store: store)
        #expect(journal.submit(word) == nil)
        #expect(word.wait() == nil)
        #expect(journal.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000))
        for name in ["journal.db", "snapshot.db", "lock"] {
            _ = unsafe unlink("\(folder.path)/file/data/\(name)")
        }
        _ = unsafe rmdir("\(folder.path)/file/data")
        _ = unsafe rmdir("\(folder.path)/file")
    }
}
