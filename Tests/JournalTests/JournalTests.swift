import Journal
import Kernel
import Scratch
import Testing

@Suite(.serialized)
struct JournalTests {
    let words = (1...300).map { "word-\($0)" }

    @Test func `what was kept is there after a crash`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(words))
        let crashed = try folder.copy()
        #expect(session.stop())

        let again = try Session(crashed)
        #expect(again.store.words == words)
        #expect(again.journal.statistics.replayedRecords == 300)
        #expect(again.keep(["after"]))
        #expect(again.stop())
    }

    @Test func `a clean end leaves a snapshot and nothing to replay`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(words))
        #expect(session.stop())
        #expect(folder.names.contains("snapshot.db"))

        let again = try Session(folder)
        #expect(again.store.words == words)
        #expect(again.journal.statistics.replayedRecords == 0)
        #expect(again.stop())
    }

    @Test func `snapshots bound what is replayed and old records go`() throws {
        let folder = try Folder()
        var limits = Session.limits
        limits.snapshotBytes = 256
        let session = try Session(folder, limits: limits)
        for word in words { #expect(session.keep([word])) }
        let crashed = try folder.copy()
        #expect(session.stop())

        let again = try Session(crashed)
        #expect(again.store.words == words)
        #expect(again.journal.statistics.replayedRecords < 200)
        #expect(again.stop())
    }

    @Test func `the log is checkpointed and restarts while pushes continue`() throws {
        let folder = try Folder()
        var limits = Session.limits
        limits.checkpointBytes = 64 << 10
        let session = try Session(folder, limits: limits)
        // Each commit is two pages or more, so that all of them are 4 MiB and more.
        for word in words + words { #expect(session.keep([word])) }
        let log = try folder.read("journal.db-wal")
        #expect(log.count < 2 << 20)
        let moved = try folder.read("journal.db")
        #expect(moved.count > 4 << 10)
        let crashed = try folder.copy()
        #expect(session.stop())

        let again = try Session(crashed)
        #expect(again.store.words == words + words)
        #expect(again.stop())
    }

    @Test func `a damaged snapshot costs nothing, for the former and the records lead to the same`()
        throws
    {
        let folder = try Folder()
        for part in [words[0..<100], words[100..<200], words[200..<300]] {
            let session = try Session(folder)
            #expect(session.keep(Array(part)))
            #expect(session.stop())
        }
        var bytes = try folder.read("snapshot.db")
        bytes[bytes.count - 10] ^= 0xff
        try folder.write(bytes, to: "snapshot.db")

        let session = try Session(folder)
        #expect(session.store.words == words)
        #expect(session.journal.statistics.filesSetAside == 1)
        #expect(session.reports.contains { $0.contains("set aside as snapshot.db.set-aside-") })
        #expect(session.stop())
    }

    @Test func `a second daemon on the folder is refused in plain words`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        let error = #expect(throws: StorageError.self) { _ = try Session(folder) }
        #expect(error?.kind == .taken)
        #expect(error?.description.contains("in use by another ml_exporter") == true)
        #expect(session.stop())
    }

    @Test func `submissions are decided in their order and empty ones are kept without a record`()
        throws
    {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(["a", "", "b", "", ""]))
        #expect(session.store.words == ["a", "b"])
        #expect(session.stop())
        let again = try Session(folder)
        #expect(again.store.words == ["a", "b"])
        #expect(again.stop())
    }

    @Test func `submissions before the replay and after the end are refused`() throws {
        let folder = try Folder()
        let store = Ledger()
        let journal = try Journal(folder.path, state: store) { _, _ in }
        #expect(
            journal.submit(Word("early", store: store))?.description
                == "the stored state is being read")
        try journal.start()
        #expect(journal.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000))
        #expect(
            journal.submit(Word("late", store: store))?.description == "the daemon is shutting down"
        )
        #expect(store.words.isEmpty)
    }
}
