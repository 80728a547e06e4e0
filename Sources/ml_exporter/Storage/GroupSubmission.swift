internal import Groups
internal import HTTP
internal import Intake
internal import Journal
internal import Kernel
internal import Wire

/// A request on one of Pushgateway's paths, with bytes of its own.
struct GroupRequest: Sendable {
    let method: GroupMethod
    let path: [UInt8]
    let ttl: [String]
    let aggregate: [String]
    let contentType: [UInt8]?
    let body: [UInt8]
    let key: IdempotencyKey?

    func answer(_ ingestor: PushgatewayHandler) -> GroupAnswer {
        guard let contentType else {
            return ingestor.answer(
                method, path: path.span, ttl: ttl, aggregate: aggregate, body: body.span)
        }
        return ingestor.answer(
            method, path: path.span, ttl: ttl, aggregate: aggregate,
            contentType: contentType.span, body: body.span)
    }
}

/// A change of a group that is answered once it survives. Pages show what was there before until
/// then.
final class GroupSubmission: Submission, @unchecked Sendable {
    // The request's thread hands it to the journal's writer and lets go of it.
    private let request: GroupRequest
    private let ingestor: PushgatewayHandler
    private let producers: ProducerTable
    private let respond: @Sendable (GroupAnswer, consuming PendingResponse) -> Void
    private var pending: PendingResponse?
    private var answer: GroupAnswer?
    private var key: GroupingKey?
    private var former: GroupImage?
    private var isAdmitted = false

    init(
        _ request: GroupRequest, ingestor: PushgatewayHandler, producers: ProducerTable,
        pending: consuming PendingResponse,
        respond: @escaping @Sendable (GroupAnswer, consuming PendingResponse) -> Void
    ) {
        self.request = request
        self.ingestor = ingestor
        self.producers = producers
        self.pending = consume pending
        self.respond = respond
    }

    var isAlone: Bool { false }

    func decide(into record: inout ByteWriter) {
        var number: UInt64 = 0
        if let key = request.key {
            switch GroupRoutes.admit(key, producers: producers) {
            case .success(let given): number = given
            case .failure(let refusal):
                answer = refusal.answer
                return
            }
            isAdmitted = true
        }
        let path = request.path
        key = ingestor.key(of: path.span)
        guard let key else {
            answer = request.answer(ingestor)
            return
        }
        former = ingestor.store.image(of: key)
        ingestor.store.hold()
        let answer = request.answer(ingestor)
        self.answer = answer
        let image = ingestor.store.image(of: key)
        guard let written = image ?? former else { return }
        let kind = image == nil ? RecordKind.deletedGroup : .group
        var bytes: [UInt8] = []
        written.encode(into: &bytes)
        record.write(kind.rawValue)
        record.write(request.key, number: number)
        record.write(bytes.span)
    }

    func kept() {
        ingestor.store.show()
        let answer = answer ?? GroupAnswer(500, sentence: "the push was not decided on")
        if let key = request.key, isAdmitted {
            GroupRoutes.conclude(key, answer: answer, producers: producers)
        }
        end(answer)
    }

    func lost(_ error: StorageError) {
        if let key {
            if let former { ingestor.store.restore(former) } else { ingestor.store.remove(key) }
        }
        ingestor.store.show()
        if let key = request.key, isAdmitted { producers.undo(key) }
        end(GroupAnswer(503, sentence: StorageAnswer.sentence(error)))
    }

    /// The answer when the journal does not even try.
    func refuse(_ error: StorageError) {
        end(GroupAnswer(503, sentence: "nothing was taken: \(error)"))
    }

    private func end(_ answer: GroupAnswer) {
        if let pending = pending.take() { respond(answer, pending) }
    }
}
