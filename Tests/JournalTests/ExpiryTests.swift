import Journal
import Kernel
import Scratch
import Testing
import Wire

/// Words of which one can be told to have outlived its time.
private final class Mortal: JournalState {
    let words = Ledger()
    let over = LockedValue<[String]>([])

    func reset() { words.reset() }

    func restore(_ name: String, body: Span<UInt8>) -> Bool { words.restore(name, body: body) }

    func replay(_ record: Span<UInt8>) -> Bool {
        let word = String(decoding: record.copied, as: UTF8.self)
        guard word.hasPrefix("end ") else { return words.replay(record) }
        forget(String(word.dropFirst(4)))
        return true
    }

    func snapshot() -> [Snapshot.Section] { words.snapshot() }

    func nextExpiry() -> UInt64 { over.withLock { $0.isEmpty ? .max : 0 } }

    func expiry(at now: UInt64) -> (any Submission)? {
        over.withLock { $0.first }.map { End($0, of: self) }
    }

    func forget(_ word: String) {
        let left = words.words.filter { $0 != word }
        words.reset()
        for word in left { words.add(word) }
        over.withLock { $0.removeAll { $0 == word } }
    }
}

private final class End: Submission {
    private let word: String
    private let state: Mortal

    init(_ word: String, of state: Mortal) {
        self.word = word
        self.state = state
    }

    var isAlone: Bool { true }

    func decide(into record: inout ByteWriter) {
        record = ByteWriter(record.bytes + Array("end \(word)".utf8))
    }

    func kept() { state.forget(word) }

    func lost(_ error: StorageError) {}
}

@Suite(.serialized)
struct ExpiryTests {
    @Test func `what has outlived its time goes without a push and stays away after a crash`()
        throws
    {
        let folder = try Folder()
        let state = Mortal()
        let journal = try Journal(folder.path, state: state, limits: Session.limits) { _, _ in }
        try journal.start()
        #expect(waitUntil { journal.isReady })
        for text in ["a", "b"] {
            let word = Word(text, store: state.words)
            #expect(journal.submit(word) == nil)
            #expect(word.wait() == nil)
        }
        state.over.withLock { $0 = ["a"] }
        // Another push wakes the writer, which knew of nothing that would end.
        let word = Word("c", store: state.words)
        #expect(journal.submit(word) == nil)
        #expect(waitUntil { state.words.words == ["b", "c"] })
        let crashed = try folder.copy()
        #expect(journal.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000))

        let again = Mortal()
        let other = try Journal(crashed.path, state: again, limits: Session.limits) { _, _ in }
        try other.start()
        #expect(waitUntil { other.isReady })
        #expect(again.words.words == ["b", "c"])
        #expect(other.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000))
    }

    @Test func `what has ended while the journal was closed is gone before it is ready`() throws {
        let folder = try Folder()
        let session = try Session(folder)
        #expect(session.keep(["a", "b"]))
        #expect(session.stop())
        let state = Mortal()
        state.over.withLock { $0 = ["a"] }
        let journal = try Journal(folder.path, state: state, limits: Session.limits) { _, _ in }
        try journal.start()
        #expect(waitUntil { journal.isReady })
        #expect(state.words.words == ["b"])
        #expect(journal.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000))
    }
}
