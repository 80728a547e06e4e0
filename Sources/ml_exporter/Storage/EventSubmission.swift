internal import HTTP
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import Observation
internal import Wire

/// A push of events that is answered once it survives.
final class EventSubmission: Submission, @unchecked Sendable {
    // The request's thread hands it to the journal's writer and lets go of it.
    private let held: DecodedPush
    private let ingestor: EventIngestor
    private let models: Models
    private let respond: @Sendable (PushAnswer, consuming PendingResponse) -> Void
    private var pending: PendingResponse?
    private var decision: Reservation?
    private var answer: PushAnswer?

    init(
        _ held: DecodedPush, ingestor: EventIngestor, models: Models,
        pending: consuming PendingResponse,
        respond: @escaping @Sendable (PushAnswer, consuming PendingResponse) -> Void
    ) {
        self.held = held
        self.ingestor = ingestor
        self.models = models
        self.pending = consume pending
        self.respond = respond
    }

    var isAlone: Bool { false }

    func decide(into record: inout ByteWriter) {
        answer = ingestor.admit(held)
        if answer != nil { return }
        let decision = models.reserve(held.batch, from: held.sender, outcome: &held.outcome)
        record.write(RecordKind.events.rawValue)
        record.write(held.key, number: held.sender.number)
        held.batch.write(to: &record)
        models.write(decision, to: &record)
        self.decision = decision
    }

    func kept() {
        if let decision { models.apply(held.batch, as: decision) }
        end(answer ?? ingestor.finish(held))
    }

    func lost(_ error: StorageError) {
        if decision != nil, let key = held.key { ingestor.producers.undo(key) }
        end(StorageAnswer.lost(error))
    }

    /// The answer when the journal does not even try.
    func refuse(_ error: StorageError) {
        end(StorageAnswer.refused(error))
    }

    private func end(_ answer: PushAnswer) {
        ingestor.release(held)
        if let pending = pending.take() { respond(answer, pending) }
    }
}

/// What pushers are told when the storage does not take their push.
enum StorageAnswer {
    static func lost(_ error: StorageError) -> PushAnswer {
        .error(503, code: "storage_failed", detail: sentence(error))
    }

    static func refused(_ error: StorageError) -> PushAnswer {
        .error(503, code: "storage_unavailable", detail: "nothing was taken: \(error)")
    }

    static func sentence(_ error: StorageError) -> String {
        "not counted now; if the daemon dies before its next good commit, this batch may appear once: send it again with the same Batch-Sequence (\(error))"
    }
}
