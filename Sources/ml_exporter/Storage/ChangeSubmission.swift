internal import HTTP
internal import Journal
internal import Kernel
internal import Wire

/// A version that is retired or a producer that is forgotten, answered once that survives.
final class ChangeSubmission: Submission, @unchecked Sendable {
    // The request's thread hands it to the journal's writer and lets go of it.
    private let kind: RecordKind
    private let names: [String]
    private let change: @Sendable () -> Response
    private let failure: @Sendable (_ code: String, _ sentence: String) -> Response
    private var pending: PendingResponse?

    /// `change` does it and answers; `failure` answers when it could not be kept.
    init(
        _ kind: RecordKind, names: [String], pending: consuming PendingResponse,
        change: @escaping @Sendable () -> Response,
        failure: @escaping @Sendable (_ code: String, _ sentence: String) -> Response
    ) {
        self.kind = kind
        self.names = names
        self.change = change
        self.failure = failure
        self.pending = consume pending
    }

    /// What is pushed next begins at 0.
    var isAlone: Bool { true }

    func decide(into record: inout ByteWriter) {
        record.write(kind.rawValue)
        for name in names { record.write(name) }
    }

    func kept() { end(change()) }

    func lost(_ error: StorageError) {
        end(failure("storage_failed", StorageAnswer.sentence(error)))
    }

    /// The answer when the journal does not even try.
    func refuse(_ error: StorageError) {
        end(failure("storage_unavailable", "nothing was taken: \(error)"))
    }

    private func end(_ response: consuming Response) {
        pending.take()?.answer(response)
    }
}
