internal import Groups
internal import HTTP
internal import Intake
internal import Journal
internal import Kernel

/// A request on one of Pushgateway's paths, with bytes of its own.
struct GroupRequest: Sendable {
    let method: GroupMethod
    let path: [UInt8]
    let ttl: [String]
    let aggregate: [String]
    let contentType: [UInt8]?
    let body: [UInt8]
    let stamp: IdempotencyKey?

    func answer(_ door: PushgatewayHandler) -> GroupAnswer {
        guard let contentType else {
            return door.answer(
                method, path: path.span, ttl: ttl, aggregate: aggregate, body: body.span)
        }
        return door.answer(
            method, path: path.span, ttl: ttl, aggregate: aggregate,
            contentType: contentType.span, body: body.span)
    }
}

/// A change of a group that is answered once it survives. Pages show what was there before until
/// then.
final class GroupSubmission: Submission, @unchecked Sendable {
    // The request's thread hands it to the journal's writer and lets go of it.
    private let request: GroupRequest
    private let door: PushgatewayHandler
    private let producers: ProducerTable
    private let respond: @Sendable (GroupAnswer, consuming PendingResponse) -> Void
    private var suspended: PendingResponse?
    private var answer: GroupAnswer?
    private var key: GroupingKey?
    private var former: GroupImage?
    private var isAdmitted = false

    init(
        _ request: GroupRequest, _ door: PushgatewayHandler, _ producers: ProducerTable,
        _ suspended: consuming PendingResponse,
        _ respond: @escaping @Sendable (GroupAnswer, consuming PendingResponse) -> Void
    ) {
        self.request = request
        self.door = door
        self.producers = producers
        self.suspended = consume suspended
        self.respond = respond
    }

    var isAlone: Bool { false }

    func decide(into record: inout ByteWriter) {
        var number: UInt64 = 0
        if let stamp = request.stamp {
            switch GroupRoutes.admit(stamp, producers) {
            case .success(let given): number = given
            case .failure(let refusal):
                answer = refusal.answer
                return
            }
            isAdmitted = true
        }
        let path = request.path
        key = door.key(of: path.span)
        guard let key else {
            answer = request.answer(door)
            return
        }
        former = door.store.image(of: key)
        door.store.hold()
        let answer = request.answer(door)
        self.answer = answer
        let image = door.store.image(of: key)
        guard let written = image ?? former else { return }
        let kind = image == nil ? RecordKind.deletedGroup : .group
        var bytes: [UInt8] = []
        written.encode(into: &bytes)
        record.write(kind.rawValue)
        record.write(request.stamp, number: number)
        record.write(bytes.span)
    }

    func kept() {
        door.store.show()
        let answer = answer ?? GroupAnswer(500, "the push was not decided on")
        if let stamp = request.stamp, isAdmitted {
            GroupRoutes.conclude(stamp, answer, producers)
        }
        end(answer)
    }

    func lost(_ error: StorageError) {
        if let key {
            if let former { door.store.restore(former) } else { door.store.remove(key) }
        }
        door.store.show()
        if let stamp = request.stamp, isAdmitted { producers.undo(stamp) }
        end(GroupAnswer(503, StorageAnswer.sentence(error)))
    }

    /// The answer when the journal does not even try.
    func refuse(_ error: StorageError) {
        end(GroupAnswer(503, "nothing was taken: \(error)"))
    }

    private func end(_ answer: GroupAnswer) {
        if let suspended = suspended.take() { respond(answer, suspended) }
    }
}
