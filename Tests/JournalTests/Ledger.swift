import Glibc
import Journal
import Kernel

/// A state that is a list of words: what was kept, in its order.
final class Ledger: JournalState {
    private let kept = Guarded<[String]>([])

    var words: [String] { kept.withLock { $0 } }

    func add(_ word: String) { kept.withLock { $0.append(word) } }

    func reset() { kept.withLock { $0 = [] } }

    func restore(_ name: String, _ body: Span<UInt8>) -> Bool {
        guard name == "words" else { return false }
        let text = String(decoding: body.copied, as: UTF8.self)
        kept.withLock { $0 += text.split(separator: "\n").map { String($0) } }
        return true
    }

    func replay(_ record: Span<UInt8>) -> Bool {
        let word = String(decoding: record.copied, as: UTF8.self)
        if word == "riddle" { return false }
        add(word)
        return true
    }

    func snapshot() -> [Snapshot.Section] {
        [Snapshot.Section("words", Array(words.joined(separator: "\n").utf8))]
    }
}

/// A word that wants to be kept, and waits until it is known whether it is.
final class Word: Submission {
    private let text: String
    private let ledger: Ledger
    private let outcome = Guarded<StorageError??>(nil)

    init(_ text: String, _ ledger: Ledger) {
        self.text = text
        self.ledger = ledger
    }

    var isAlone: Bool { text.hasPrefix("alone") }

    func decide(into record: inout RecordWriter) {
        record = RecordWriter(record.bytes + Array(text.utf8))
    }

    func kept() {
        if !text.isEmpty { ledger.add(text) }
        outcome.withLock { $0 = .some(nil) }
    }

    func lost(_ error: StorageError) { outcome.withLock { $0 = .some(error) } }

    /// Nil within 10 s: it was kept. Fails the caller's expectation otherwise.
    func wait() -> StorageError? {
        for _ in 0..<2_000 {
            if let outcome = outcome.withLock({ $0 }) { return outcome }
            usleep(5_000)
        }
        return StorageError(.commit, .refused, "no outcome within 10 s")
    }
}

/// A folder of its own below the temporary one, removed with the value.
final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/journal-XXXXXX".utf8CString)
        path = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let made = unsafe mkdtemp(start) else {
                return ""
            }
            return unsafe String(cString: made)
        }
    }

    deinit {
        for name in names { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    var names: [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func read(_ name: String) -> [UInt8] {
        guard let file = unsafe fopen("\(path)/\(name)", "r") else { return [] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&part, 1, part.count, file)
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    func write(_ bytes: [UInt8], to name: String) {
        guard let file = unsafe fopen("\(path)/\(name)", "w") else { return }
        _ = unsafe fwrite(bytes, 1, bytes.count, file)
        unsafe fclose(file)
    }

    /// The folder as it is at this moment, which is what a crash would leave.
    func copy() -> Folder {
        let copy = Folder()
        for name in names { copy.write(read(name), to: name) }
        return copy
    }
}

/// A journal over a ledger, and what it reported.
final class Session {
    let ledger = Ledger()
    let journal: Journal
    private let said: Reports

    final class Reports: Sendable {
        let lines = Guarded<[String]>([])
    }

    init(
        _ folder: Folder, _ limits: JournalLimits = Session.limits, waits: Bool = true
    ) throws {
        let said = Reports()
        self.said = said
        journal = try Journal(folder.path, ledger, limits) { _, line in
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
        let submissions = words.map { Word($0, ledger) }
        for submission in submissions where journal.submit(submission) != nil { return false }
        return submissions.allSatisfy { $0.wait() == nil }
    }

    func stop() -> Bool {
        journal.stop(by: Clock.monotonicNanoseconds &+ 10_000_000_000)
    }
}

/// Waits at most 10 s.
@discardableResult
func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return false
}
