internal import Groups
internal import HTTPServer
internal import Intake
internal import Kernel

/// Pushgateway's paths on the push listener.
enum GroupRoutes {
    /// What a body may be once it is inflated.
    static let limits = EventLimits()

    static func routes(
        _ store: GroupStore, _ producers: Producers, _ requests: PushRequests
    ) -> [Route] {
        let door = GroupDoor(store)
        return [
            Route(prefix: "/metrics/", methods: [.put, .post, .delete]) { request in
                let answer = answer(door, request, producers)
                requests.count(.groups, answer.status)
                return response(answer)
            }
        ]
    }

    /// As `answer`, each batch of a producer that says who it is only once.
    private static func answer(
        _ door: GroupDoor, _ request: borrowing Request, _ producers: Producers
    ) -> GroupAnswer {
        let stamp: BatchStamp
        switch EventRoutes.stamp(request) {
        case .success(nil): return answer(door, request)
        case .success(let known?): stamp = known
        case .failure(let problem): return GroupAnswer(400, problem.sentence)
        }
        switch producers.decide(stamp, now: Clock.monotonicNanoseconds) {
        case .apply: break
        case .duplicate: return GroupAnswer(200, "This batch has been applied before.")
        case .staleStart:
            return GroupAnswer(400, "A later process of this producer has pushed already.")
        case .full: return GroupAnswer(429, "No further producer is remembered.")
        }
        let answer = answer(door, request)
        switch answer.status {
        case 200, 202: producers.noteSuccess(stamp, at: Double(Clock.realNanoseconds) / 1e9)
        case 400: break
        default: producers.undo(stamp)
        }
        return answer
    }

    private static func answer(_ door: GroupDoor, _ request: borrowing Request) -> GroupAnswer {
        let method: GroupMethod
        switch request.method {
        case .put: method = .put
        case .post: method = .post
        default: method = .delete
        }
        switch ContentEncoding(request.header("content-encoding")) {
        case .identity: return answer(door, method, request, request.body)
        case .unknown where method == .delete || request.body.isEmpty,
            .gzip where method == .delete:
            return answer(door, method, request, request.body)
        case .unknown:
            return GroupAnswer(
                415, "this Content-Encoding is not known: send the body as it is, or gzip")
        case .gzip:
            var inflater = Inflater()
            var plain = Buffer(capacity: max(1024, request.body.count * 4))
            do throws(Inflater.Failure) {
                try inflater.inflate(request.body, into: &plain, limits)
            } catch {
                return refusal(error)
            }
            return answer(door, method, request, plain.bytes)
        }
    }

    private static func answer(
        _ door: GroupDoor, _ method: GroupMethod, _ request: borrowing Request, _ body: Span<UInt8>
    ) -> GroupAnswer {
        let query = request.query
        return door.answer(
            method, path: request.path,
            ttl: query.isEmpty ? [] : Query.values(of: "ttl", in: query),
            aggregate: query.isEmpty ? [] : Query.values(of: "aggregate", in: query),
            contentType: request.header("content-type"), body: body)
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
