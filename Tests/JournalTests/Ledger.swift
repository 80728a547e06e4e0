import Glibc
import Journal
import Kernel
import Scratch
import Wire

/// A state that is a list of words: what was kept, in its order.
final class Ledger: JournalState {
    private let kept = LockedValue<[String]>([])

    var words: [String] { kept.withLock { $0 } }

    func add(_ word: String) { kept.withLock { $0.append(word) } }

    func reset() { kept.withLock { $0 = [] } }

    func restore(_ name: String, body: Span<UInt8>) -> String? {
        guard name == "words" else { return "it is not understood" }
        let text = String(decoding: body.copied, as: UTF8.self)
        kept.withLock { $0 += text.split(separator: "\n").map { String($0) } }
        return nil
    }

    func replay(_ record: Span<UInt8>) -> String? {
        let word = String(decoding: record.copied, as: UTF8.self)
        if word == "riddle" { return "it is not understood" }
        add(word)
        return nil
    }

    func snapshot() -> [Snapshot.Part] {
        let words = words
        // A section for each hundred words, and one number without a section.
        return [
            Snapshot.Part("words", count: words.count / 100 + 2) { number in
                if number == words.count / 100 + 1 { return nil }
                let section = words.dropFirst(number * 100).prefix(100)
                return Array(section.joined(separator: "\n").utf8)
            }
        ]
    }
}

/// A word that wants to be kept, and waits until it is known whether it is.
final class Word: Submission {
    private let text: String
    private let store: Ledger
    private let outcome = LockedValue<StorageError??>(nil)

    init(_ text: String, store: Ledger) {
        self.text = text
        self.store = store
    }

    var isAlone: Bool { text.hasPrefix("alone") }

    func decide() {}

    func encode(into record: inout ByteWriter) {
        record = ByteWriter(record.bytes + Array(text.utf8))
    }

    func apply() {
        if !text.isEmpty { store.add(text) }
    }

    func answer() {
        outcome.withLock { $0 = .some(nil) }
    }

    func abort(_ error: StorageError) { outcome.withLock { $0 = .some(error) } }

    /// Nil within 60 s: it was kept. Fails the caller's expectation otherwise.
    func wait() -> StorageError? {
        for _ in 0..<12_000 {
            if let outcome = outcome.withLock({ $0 }) { return outcome }
            usleep(5_000)
        }
        return StorageError(.commit, kind: .refused, description: "no outcome within 60 s")
    }
}

/// A journal over a ledger, and what it reported.
final class Session {
    let store = Ledger()
    let journal: Journal
    private let said: Reports

    final class Reports: Sendable {
        let lines = LockedValue<[String]>([])
    }

    init(
        _ folder: Folder, limits: JournalLimits = Session.limits, waits: Bool = true
    ) throws {
        let said = Reports()
        self.said = said
        journal = try Journal(folder.path, state: store, limits: limits) { _, line in
            said.lines.withLock { $0.append(line) }
        }
        try journal.start()
        if waits { waitUntil { self.journal.isReady } }
    }

    static var limits: JournalLimits {
        var limits = JournalLimits()
        limits.retryInterval = .milliseconds(20)
        return limits
    }

    var reports: [String] { said.lines.withLock { $0 } }

    /// Returns whether all were kept.
    func keep(_ words: [String]) -> Bool {
        let submissions = words.map { Word($0, store: store) }
        for submission in submissions where journal.submit(submission) != nil { return false }
        return submissions.allSatisfy { $0.wait() == nil }
    }

    func stop() -> Bool {
        journal.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000)
    }
}

/// Waits at most 60 s.
@discardableResult
func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<12_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return false
}
