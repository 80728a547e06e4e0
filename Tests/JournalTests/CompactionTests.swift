import Glibc
import Journal
import Kernel
import Scratch
import Testing

@Suite(.serialized)
struct CompactionTests {
    let words = (1...400).map { "word-\($0)" }

    private func compact(_ folder: Folder) throws -> Journal.Compaction {
        let journal = try Journal(folder.path, state: Ledger()) { _, _ in }
        return try journal.compact()
    }

    private func view(_ folder: Folder) throws -> (view: StorageView, state: Ledger) {
        try StorageReader(
            folder.path, isThorough: true, makeState: { Ledger() }, kind: { _ in "word" }
        ).read()
    }

    private func crashed(_ words: [String]) throws -> Folder {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(words))
        let crashed = try folder.copy()
        #expect(session.stop())
        return crashed
    }

    @Test func `all is in both snapshots, and the records are gone`() throws {
        let folder = try crashed(words)
        let done = try compact(folder)
        #expect(done.records == 400 && done.keptAs == nil)
        let (view, state) = try view(folder)
        #expect(state.words == words)
        #expect(view.snapshots.map(\.position) == [400, 400])
        #expect(view.records?.all.count == 0)
        #expect(view.isSound)
        #expect(folder.names == ["journal.db", "lock", "snapshot-former.db", "snapshot.db"])
    }

    @Test func `a journal continues after it, also when the latest snapshot is damaged`() throws {
        let folder = try crashed(words)
        _ = try compact(folder)
        var bytes = try folder.read("snapshot.db")
        bytes[bytes.count - 10] ^= 0xff
        try folder.write(bytes, to: "snapshot.db")
        let session = try Session(folder)
        #expect(session.store.words == words)
        #expect(session.keep(["more"]))
        let again = try folder.copy()
        #expect(session.stop())
        #expect(try view(again).state.words == words + ["more"])
        #expect(try view(again).view.records?.range == 401...401)
    }

    @Test func `it can be done again`() throws {
        let folder = try crashed(words)
        _ = try compact(folder)
        #expect(try compact(folder).records == 0)
        #expect(try view(folder).state.words == words)
    }

    @Test func `a file with records that cannot be used is kept`() throws {
        let folder = try crashed(["a", "riddle", "b"])
        let done = try compact(folder)
        let name = try #require(done.keptAs)
        #expect(name.hasPrefix("journal.db.set-aside-") && folder.names.contains(name))
        #expect(try view(folder).state.words == ["a", "b"])
    }

    @Test func `a folder that a journal works on is refused`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(words))
        let error = #expect(throws: StorageError.self) { _ = try compact(folder) }
        #expect(error?.kind == .taken)
        #expect(session.stop())
    }
}
