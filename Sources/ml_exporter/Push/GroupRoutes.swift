internal import Groups
internal import HTTP
internal import Intake
internal import Kernel
internal import PushPipeline

/// The Pushgateway's paths on the push listener.
enum GroupRoutes {
    static func routes(_ pushState: PushState) -> [Route] {
        let (pipeline, requests) = (pushState.pipeline, pushState.requests)
        return [
            Route(
                prefix: "/metrics/", methods: [.put, .post, .delete],
                suspend: { request, pending in
                    if let name = Query.unknownName(
                        in: request.query, known: ["ttl", "aggregate"])
                    {
                        requests.count(.groups, status: 400)
                        let answer = GroupAnswer(
                            400,
                            sentence:
                                "Unknown query parameter \(name): group paths have ttl and aggregate."
                        )
                        return pending.answer(response(answer))
                    }
                    let pending = PendingAnswer(pending)
                    let query = Parameters(request)
                    pipeline.submit(
                        GroupRequest(
                            method(of: request), path: request.path, ttl: query.ttl,
                            aggregate: query.aggregate,
                            contentType: request.header("content-type"),
                            encoding: ContentEncoding(request.header("content-encoding")),
                            body: request.body),
                        key: EventRoutes.key(request)
                    ) { answer in
                        requests.count(.groups, status: answer.status)
                        pending.answer(response(answer))
                    }
                })
        ]
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
