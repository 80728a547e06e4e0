internal import Groups
internal import HTTP
internal import Intake
internal import Journal
internal import Kernel

/// Pushgateway's paths on the push listener.
enum GroupRoutes {
    /// What a body may be once it is inflated.
    static let limits = EventLimits()

    static func routes(_ pushed: PushState) -> [Route] {
        let door = PushgatewayHandler(pushed.groups)
        let (producers, requests) = (pushed.events.producers, pushed.requests)
        let methods: Set<Method> = [.put, .post, .delete]
        guard let journal = pushed.journal else {
            return [
                Route(prefix: "/metrics/", methods: methods) { request in
                    let answer = answer(door, request, producers)
                    requests.count(.groups, answer.status)
                    return response(answer)
                }
            ]
        }
        return [
            Route(
                prefix: "/metrics/", methods: methods,
                suspend: { request, suspended in
                    let held = hold(request, producers)
                    let respond: @Sendable (GroupAnswer, consuming PendingResponse) -> Void = {
                        answer, suspended in
                        requests.count(.groups, answer.status)
                        suspended.answer(response(answer))
                    }
                    switch held {
                    case .failure(let refusal): respond(refusal.answer, suspended)
                    case .success(let held):
                        let submission = GroupSubmission(held, door, producers, suspended, respond)
                        if let error = journal.submit(submission) { submission.refuse(error) }
                    }
                })
        ]
    }

    /// A request that is answered without a look at any group.
    struct Refusal: Error {
        let answer: GroupAnswer
    }

    /// The request with bytes of its own.
    private static func hold(
        _ request: borrowing Request, _ producers: ProducerTable
    ) -> Result<GroupRequest, Refusal> {
        let stamp: IdempotencyKey?
        switch EventRoutes.stamp(request) {
        case .success(let known): stamp = known
        case .failure(let problem):
            return .failure(Refusal(answer: GroupAnswer(400, problem.sentence)))
        }
        let query = Parameters(request)
        let held = body(of: request) { body in
            GroupRequest(
                method: method(of: request), path: request.path.copied, ttl: query.ttl,
                aggregate: query.aggregate, contentType: request.header("content-type")?.copied,
                body: body.copied, stamp: stamp)
        }
        // A body that nobody can read uses its number up: there is nothing to keep of it.
        if case .failure(let refusal) = held, let stamp {
            return .failure(Refusal(answer: once(stamp, producers) { refusal.answer }))
        }
        return held
    }

    /// Takes note of a producer's batch: the number of the producer, or the answer to a batch that
    /// is not to be applied.
    static func admit(_ stamp: IdempotencyKey, _ producers: ProducerTable) -> Result<
        UInt64, Refusal
    > {
        switch producers.decide(stamp, now: Clock.monotonicNanoseconds) {
        case .apply(let number): .success(number)
        case .duplicate:
            .failure(Refusal(answer: GroupAnswer(200, "This batch has been applied before.")))
        case .staleStart:
            .failure(
                Refusal(
                    answer: GroupAnswer(400, "A later process of this producer has pushed already.")
                ))
        case .full:
            .failure(Refusal(answer: GroupAnswer(429, "No further producer is remembered.")))
        }
    }

    /// What an answer means for the batch: 200 and 400 use its number up.
    static func conclude(_ stamp: IdempotencyKey, _ answer: GroupAnswer, _ producers: ProducerTable)
    {
        switch answer.status {
        case 200, 202: producers.noteSuccess(stamp, at: Double(Clock.realNanoseconds) / 1e9)
        case 400: break
        default: producers.undo(stamp)
        }
    }

    /// What `answer` says, of a batch that was not applied yet.
    private static func once(
        _ stamp: IdempotencyKey, _ producers: ProducerTable, _ answer: () -> GroupAnswer
    ) -> GroupAnswer {
        if case .failure(let refusal) = admit(stamp, producers) { return refusal.answer }
        let answer = answer()
        conclude(stamp, answer, producers)
        return answer
    }

    /// Answers at once, each batch of a producer that says who it is only once.
    private static func answer(
        _ door: PushgatewayHandler, _ request: borrowing Request, _ producers: ProducerTable
    ) -> GroupAnswer {
        switch EventRoutes.stamp(request) {
        case .success(nil): return answer(door, request)
        case .success(let stamp?): return once(stamp, producers) { answer(door, request) }
        case .failure(let problem): return GroupAnswer(400, problem.sentence)
        }
    }

    private static func answer(_ door: PushgatewayHandler, _ request: borrowing Request)
        -> GroupAnswer
    {
        let query = Parameters(request)
        let answer = body(of: request) { body in
            door.answer(
                method(of: request), path: request.path, ttl: query.ttl,
                aggregate: query.aggregate, contentType: request.header("content-type"), body: body)
        }
        switch answer {
        case .success(let answer): return answer
        case .failure(let refusal): return refusal.answer
        }
    }

    private static func method(of request: borrowing Request) -> GroupMethod {
        switch request.method {
        case .put: .put
        case .post: .post
        default: .delete
        }
    }

    /// What a query asks of a group.
    private struct Parameters {
        var ttl: [String] = []
        var aggregate: [String] = []

        init(_ request: borrowing Request) {
            let query = request.query
            if query.isEmpty { return }
            ttl = Query.values(of: "ttl", in: query)
            aggregate = Query.values(of: "aggregate", in: query)
        }
    }

    /// What `use` makes of the body, inflated if it must be; of a DELETE nobody reads it.
    private static func body<Value>(
        of request: borrowing Request, _ use: (Span<UInt8>) -> Value
    ) -> Result<Value, Refusal> {
        let isRead = method(of: request) != .delete
        switch ContentEncoding(request.header("content-encoding")) {
        case .gzip where isRead:
            var inflater = Inflater()
            var plain = Buffer(capacity: max(1024, request.body.count * 4))
            do throws(Inflater.Failure) {
                try inflater.inflate(request.body, into: &plain, limits)
            } catch {
                return .failure(Refusal(answer: refusal(error)))
            }
            return .success(use(plain.bytes))
        case .unknown where isRead && !request.body.isEmpty:
            return .failure(
                Refusal(
                    answer: GroupAnswer(
                        415,
                        "this Content-Encoding is not known: send the body as it is, or gzip")))
        default: return .success(use(request.body))
        }
    }

    private static func refusal(_ failure: Inflater.Failure) -> GroupAnswer {
        switch failure {
        case .damaged: GroupAnswer(400, "gzip: the body is damaged or cut off")
        case .tooLarge(let bytes):
            GroupAnswer(413, "The inflated body is too large: at most \(bytes) bytes are read.")
        case .tooDense(let bytes):
            GroupAnswer(
                413,
                "The body is compressed more than \(limits.ratio) times and inflates to more than \(bytes) bytes."
            )
        }
    }

    private static func response(_ answer: GroupAnswer) -> Response {
        var headers = [
            ("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"),
        ]
        if answer.sentence.isEmpty { headers.removeAll() }
        if answer.status == 429 || answer.status == 503 { headers.append(("Retry-After", "1")) }
        if let location = answer.location { headers.append(("Location", location)) }
        return Response(
            status: answer.status, headers: headers,
            body: answer.sentence.isEmpty ? "" : answer.sentence + "\n")
    }
}
