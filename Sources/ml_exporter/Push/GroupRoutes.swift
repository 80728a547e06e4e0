internal import Groups
internal import HTTPServer
internal import Intake
internal import Kernel

/// Pushgateway's paths on the push listener.
enum GroupRoutes {
    /// What a body may be once it is inflated.
    static let limits = EventLimits()

    static func routes(_ store: GroupStore) -> [Route] {
        let door = GroupDoor(store)
        return [
            Route(prefix: "/metrics/", methods: [.put, .post, .delete]) { request in
                response(answer(door, request))
            }
        ]
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
        if let location = answer.location { headers.append(("Location", location)) }
        return Response(
            status: answer.status, headers: headers,
            body: answer.sentence.isEmpty ? "" : answer.sentence + "\n")
    }
}
