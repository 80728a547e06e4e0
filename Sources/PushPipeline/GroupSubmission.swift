internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Wire

/// A change of a group, answered once it is durable. Pages show the group as it was before until
/// then.
///
/// The receiving thread hands it to the journal and does not use it afterwards.
final class GroupSubmission: Submission, @unchecked Sendable {
    private let request: PushgatewayHandler.ParsedRequest
    private let idempotencyKey: IdempotencyKey?
    /// Counts the families of the request until the submission is done with.
    private let claim: ByteClaim
    private let pipeline: PushPipeline
    private let respond: @Sendable (GroupAnswer) -> Void
    private var result = GroupAnswer(500, sentence: "the push was not decided on")
    /// What the request has changed; nil for nothing.
    private var change: GroupChange?
    private var isHolding = false
    private var producer: UInt64?
    private var time = Timestamp.epoch

    init(
        _ request: PushgatewayHandler.ParsedRequest, key: IdempotencyKey?, claim: ByteClaim,
        of pipeline: PushPipeline, respond: @escaping @Sendable (GroupAnswer) -> Void
    ) {
        self.request = request
        idempotencyKey = key
        self.claim = claim
        self.pipeline = pipeline
        self.respond = respond
    }

    var isAlone: Bool { false }

    func decide() {
        time = pipeline.clock.now
        if let idempotencyKey {
            switch pipeline.admit(idempotencyKey, at: time) {
            case .success(let number): producer = number
            case .failure(let refusal):
                result = refusal.answer
                return
            }
        }
        pipeline.groups.freezePages()
        isHolding = true
        let outcome = pipeline.handler.perform(request, at: time)
        result = outcome.answer
        change = outcome.change
    }

    /// Whether a retry of the batch is a duplicate: after 200, 202 and 400.
    private var isReceived: Bool { producer != nil && PushPipeline.isReceived(result) }

    /// A refused push writes the time of its failure, if that, and its number if a retry is useless.
    func encode(into record: inout ByteWriter) {
        if change == nil, !isReceived { return }
        record.begin(change?.isRemoval == true ? .groupRemoval : .groupChange, time: time)
        if isReceived { record.write(idempotencyKey, number: producer ?? 0) }
        if let change {
            record.write(RecordSection.groupChange)
            change.write(to: &record)
        }
        record.endRecord()
    }

    func apply() {
        if isHolding { pipeline.groups.show() }
        if let idempotencyKey, producer != nil {
            pipeline.conclude(idempotencyKey, answer: result, at: time)
        }
        if change != nil { pipeline.scheduleExpiry() }
    }

    func answer() {
        respond(result)
    }

    func abort(_ error: StorageError) {
        if let change { pipeline.groups.undo(change) }
        if isHolding { pipeline.groups.unfreeze() }
        if let idempotencyKey, producer != nil { pipeline.events.producers.undo(idempotencyKey) }
        respond(GroupAnswer(503, sentence: StorageAnswer.sentence(error)))
    }

    /// Answers a request that the journal did not accept.
    func refuse(_ error: StorageError) {
        respond(GroupAnswer(503, sentence: StorageAnswer.refusalSentence(error)))
    }
}

extension PushPipeline {
    /// Checks the idempotency key of a group push and marks it as seen. Returns the number of the
    /// producer, or the answer to a push that must not be performed.
    func admit(
        _ key: IdempotencyKey, at time: Timestamp
    ) -> Result<UInt64, GroupRequest.Refusal> {
        let answer: GroupAnswer
        switch events.producers.decide(key, now: time.monotonicNanoseconds) {
        case .apply(let number): return .success(number)
        case .duplicate:
            answer = GroupAnswer(200, sentence: "This batch has been applied before.")
        case .staleStart:
            answer = GroupAnswer(
                400, sentence: "A later process of this producer has pushed already.")
        case .futureStart:
            answer = GroupAnswer(
                400,
                sentence: "Producer-Start must be at most 24 hours ahead of the daemon's clock.")
        }
        return .failure(GroupRequest.Refusal(answer: answer, isFinal: false))
    }

    /// Marks the batch as received or not, by its answer: after 200 and 400 a retry is a duplicate.
    func conclude(_ key: IdempotencyKey, answer: GroupAnswer, at time: Timestamp) {
        if !PushPipeline.isReceived(answer) { return events.producers.undo(key) }
        if answer.status != 400 { events.producers.recordSuccess(key, at: time.unixSeconds) }
    }

    /// Whether a retry of a batch with this answer is a duplicate: it was done, or it is useless.
    static func isReceived(_ answer: GroupAnswer) -> Bool {
        [200, 202, 400].contains(answer.status)
    }

    /// Refuses a request whose body cannot be read; its batch counts as received if a retry of the
    /// same bytes is useless. Nothing is journalled: there is nothing to apply.
    func refuse(_ key: IdempotencyKey?, refusal: GroupRequest.Refusal) -> GroupAnswer {
        guard let key, refusal.isFinal else { return refusal.answer }
        if case .failure(let known) = admit(key, at: clock.now) { return known.answer }
        return refusal.answer
    }
}
