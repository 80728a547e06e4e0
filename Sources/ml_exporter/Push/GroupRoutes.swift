internal import Groups
internal import HTTP
internal import Intake
internal import Journal
internal import Kernel

/// Pushgateway's paths on the push listener.
enum GroupRoutes {
    /// What a body may be once it is inflated.
    static let limits = EventLimits()

    static func routes(_ pushState: PushState) -> [Route] {
        let ingestor = PushgatewayHandler(pushState.groups)
        let (producers, requests) = (pushState.events.producers, pushState.requests)
        let methods: Set<Method> = [.put, .post, .delete]
        guard let journal = pushState.journal else {
            return [
                Route(prefix: "/metrics/", methods: methods) { request in
                    let answer = answer(ingestor, request: request, producers: producers)
                    requests.count(.groups, status: answer.status)
                    return response(answer)
                }
            ]
        }
        return [
            Route(
                prefix: "/metrics/", methods: methods,
                suspend: { request, pending in
                    let held = hold(request, producers: producers)
                    let respond: @Sendable (GroupAnswer, consuming PendingResponse) -> Void = {
                        answer, pending in
                        requests.count(.groups, status: answer.status)
                        pending.answer(response(answer))
                    }
                    switch held {
                    case .failure(let refusal): respond(refusal.answer, pending)
                    case .success(let held):
                        let submission = GroupSubmission(
                            held, ingestor: ingestor, producers: producers, pending: pending,
                            respond: respond)
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
        _ request: borrowing Request, producers: ProducerTable
    ) -> Result<GroupRequest, Refusal> {
        let key: IdempotencyKey?
        switch EventRoutes.key(request) {
        case .success(let known): key = known
        case .failure(let problem):
            return .failure(Refusal(answer: GroupAnswer(400, sentence: problem.sentence)))
        }
        let query = Parameters(request)
        let held = body(of: request) { body in
            GroupRequest(
                method: method(of: request), path: request.path.copied, ttl: query.ttl,
                aggregate: query.aggregate, contentType: request.header("content-type")?.copied,
                body: body.copied, key: key)
        }
        // A body that nobody can read uses its number up: there is nothing to keep of it.
        if case .failure(let refusal) = held, let key {
            return .failure(Refusal(answer: once(key, producers: producers) { refusal.answer }))
        }
        return held
    }

    /// Takes note of a producer's batch: the number of the producer, or the answer to a batch that
    /// is not to be applied.
    static func admit(_ key: IdempotencyKey, producers: ProducerTable) -> Result<
        UInt64, Refusal
    > {
        switch producers.decide(key, now: Clock.monotonicNanoseconds) {
        case .apply(let number): .success(number)
        case .duplicate:
            .failure(
                Refusal(answer: GroupAnswer(200, sentence: "This batch has been applied before.")))
        case .staleStart:
            .failure(
                Refusal(
                    answer: GroupAnswer(
                        400, sentence: "A later process of this producer has pushed already.")
                ))
        case .full:
            .failure(
                Refusal(answer: GroupAnswer(429, sentence: "No further producer is remembered.")))
        }
    }

    /// What an answer means for the batch: 200 and 400 use its number up.
    static func conclude(_ key: IdempotencyKey, answer: GroupAnswer, producers: ProducerTable) {
        switch answer.status {
        case 200, 202: producers.noteSuccess(key, at: Double(Clock.realNanoseconds) / 1e9)
        case 400: break
        default: producers.undo(key)
        }
    }

    /// What `answer` says, of a batch that was not applied yet.
    private static func once(
        _ key: IdempotencyKey, producers: ProducerTable, answer: () -> GroupAnswer
    ) -> GroupAnswer {
        if case .failure(let refusal) = admit(key, producers: producers) { return refusal.answer }
        let answer = answer()
        conclude(key, answer: answer, producers: producers)
        return answer
    }

    /// Answers at once, each batch of a producer that says who it is only once.
    private static func answer(
        _ ingestor: PushgatewayHandler, request: borrowing Request, producers: ProducerTable
    ) -> GroupAnswer {
        switch EventRoutes.key(request) {
        case .success(nil): return answer(ingestor, request: request)
        case .success(let key?):
            return once(key, producers: producers) { answer(ingestor, request: request) }
        case .failure(let problem): return GroupAnswer(400, sentence: problem.sentence)
        }
    }

    private static func answer(_ ingestor: PushgatewayHandler, request: borrowing Request)
        -> GroupAnswer
    {
        let query = Parameters(request)
        let answer = body(of: request) { body in
            ingestor.answer(
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
        of request: borrowing Request, use: (Span<UInt8>) -> Value
    ) -> Result<Value, Refusal> {
        let isRead = method(of: request) != .delete
        switch ContentEncoding(request.header("content-encoding")) {
        case .gzip where isRead:
            var inflater = Inflater()
            var plain = Buffer(capacity: max(1024, request.body.count * 4))
            do throws(Inflater.Failure) {
                try inflater.inflate(request.body, into: &plain, limits: limits)
            } catch {
                return .failure(Refusal(answer: refusal(error)))
            }
            return .success(use(plain.bytes))
        case .unknown where isRead && !request.body.isEmpty:
            return .failure(
                Refusal(
                    answer: GroupAnswer(
                        415,
                        sentence:
                            "this Content-Encoding is not known: send the body as it is, or gzip")))
        default: return .success(use(request.body))
        }
    }

    private static func refusal(_ failure: Inflater.Failure) -> GroupAnswer {
        switch failure {
        case .damaged: GroupAnswer(400, sentence: "gzip: the body is damaged or cut off")
        case .tooLarge(let bytes):
            GroupAnswer(
                413, sentence: "The inflated body is too large: at most \(bytes) bytes are read.")
        case .tooDense(let bytes):
            GroupAnswer(
                413,
                sentence:
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
