internal import Journal
internal import Kernel
internal import Wire

/// What became of the retirement of a version or the removal of a producer.
package enum ChangeAnswer: Sendable, Equatable {
    case done
    /// There is no such version or producer.
    case unknown
    /// The change was not made. `code` is the error code of the answer.
    case failed(code: String, detail: String)
}

/// The retirement of a version or the removal of a producer, answered once it is durable.
///
/// The receiving thread hands it to the journal and does not use it afterwards.
final class ChangeSubmission: Submission, @unchecked Sendable {
    private let kind: RecordKind
    private let names: [String]
    private let time: Timestamp
    private let change: @Sendable () -> Bool
    private let respond: @Sendable (ChangeAnswer) -> Void
    private var result = ChangeAnswer.unknown

    /// `change` makes the change and returns false if its subject does not exist.
    init(
        _ kind: RecordKind, names: [String], time: Timestamp,
        change: @escaping @Sendable () -> Bool,
        respond: @escaping @Sendable (ChangeAnswer) -> Void
    ) {
        self.kind = kind
        self.names = names
        self.time = time
        self.change = change
        self.respond = respond
    }

    /// Series that a later push needs start at 0 after it.
    var isAlone: Bool { true }

    func decide() {}

    func encode(into record: inout ByteWriter) {
        record.begin(kind, time: time)
        record.write(RecordSection.names)
        record.write(count: names.count)
        for name in names { record.write(name) }
        record.endRecord()
    }

    func apply() {
        result = change() ? .done : .unknown
    }

    func answer() {
        respond(result)
    }

    func abort(_ error: StorageError) {
        respond(.failed(code: "storage_failed", detail: StorageAnswer.sentence(error)))
    }

    /// Answers a change that the journal did not accept.
    func refuse(_ error: StorageError) {
        respond(
            .failed(code: "storage_unavailable", detail: StorageAnswer.refusalSentence(error)))
    }
}
