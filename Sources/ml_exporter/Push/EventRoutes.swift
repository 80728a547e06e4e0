internal import HTTP
internal import Intake
internal import Kernel
internal import Model
internal import PushPipeline

/// The paths below `/v1` on the push listener.
struct EventRoutes: Sendable {
    let pipeline: PushPipeline
    let requests: PushRequests
    private let profiles: ProfileRoutes
    private let one = Route.Constant(
        Response(status: 200, headers: EventRoutes.headers, body: PushAnswer.oneBody))

    static let headers = [("Content-Type", "application/json")]

    /// The body of the HTTP server's own errors below `/v1`.
    static let errorFormat = ErrorFormat(prefix: "/v1/", contentType: "application/json") {
        status, sentence in
        let code =
            switch status {
            case 404: "not_found"
            case 405: "method"
            case 413: "body_too_large"
            case 503: "unavailable"
            case 500...: "server"
            default: "malformed"
            }
        return String(decoding: PushAnswer.errorBody(code, detail: sentence), as: UTF8.self)
    }

    init(_ pushState: PushState) {
        pipeline = pushState.pipeline
        requests = pushState.requests
        profiles = ProfileRoutes(pushState)
    }

    var routes: [Route] {
        [
            events,
            Route("/v1/models") { _ in
                requests.count(.models, status: 200)
                let versions = pipeline.models.list.map(EventRoutes.version)
                return json(200, body: ListResponses.models(versions))
            },
            Route("/v1/producers") { _ in
                requests.count(.producers, status: 200)
                return json(200, body: ListResponses.producers(pipeline.events.producers.list))
            },
            Route(prefix: "/v1/models/", suspend: { version($0, pending: $1) }),
            Route(prefix: "/v1/models@base64/", suspend: { version($0, pending: $1) }),
            Route(prefix: "/v1/producers/", suspend: { producer($0, pending: $1) }),
            Route(prefix: "/v1/producers@base64/", suspend: { producer($0, pending: $1) }),
            Route(
                "/openapi.json",
                constant: Response(
                    status: 200, headers: EventRoutes.headers, body: PackageResources.openapi_json)),
        ]
    }

    // MARK: Events

    private var events: Route {
        Route(
            "/v1/events", methods: [.post],
            suspend: { request, pending in
                if let name = Query.unknownName(in: request.query, known: []) {
                    let answer = PushAnswer.error(
                        400, code: "unknown_parameter",
                        detail: "query parameter \(name): /v1/events has no query parameters")
                    return pending.answer(response(answer))
                }
                let pending = PendingAnswer(pending)
                pipeline.submit(
                    EventRoutes.push(request), key: EventRoutes.key(request),
                    from: Peer.of(request).sender
                ) { pending.answer(response($0)) }
            })
    }

    @_lifetime(borrow request)
    private static func push(_ request: borrowing Request) -> EventIngestor.Push {
        EventIngestor.Push(
            body: request.body, contentType: request.header("content-type"),
            encoding: ContentEncoding(request.header("content-encoding")))
    }

    private func response(_ answer: PushAnswer) -> Response {
        requests.count(.events, status: answer.status)
        switch answer {
        case .one: return Response(sharing: one.response)
        case .json(let status, let body): return json(status, body: body)
        }
    }

    /// Parses the idempotency headers.
    static func key(_ request: borrowing Request) -> Result<
        IdempotencyKey?, IdempotencyKey.Problem
    > {
        do throws(IdempotencyKey.Problem) {
            return .success(
                try IdempotencyKey.read(
                    producer: request.header("producer-id"),
                    start: request.header("producer-start"),
                    sequence: request.header("batch-sequence")))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Versions and producers

    private static func version(_ listing: Models.VersionInfo) -> ListResponses.Version {
        ListResponses.Version(
            model: listing.model, version: listing.version, rows: listing.rows,
            lastPush: listing.lastPush)
    }

    private func version(_ request: borrowing Request, pending: consuming PendingResponse) {
        for leaf in ProfileRoutes.Leaf.allCases {
            if let path = ResourcePath(request.rawPath, leaf: leaf.word),
                path.parts.map(\.collection) == ["models", "versions"]
            {
                return profiles.answer(
                    request, leaf: leaf, model: path.parts[0].name, version: path.parts[1].name,
                    pending: pending)
            }
        }
        guard let path = ResourcePath(request.rawPath), path.parts[0].collection == "models"
        else { return pending.answer(unknown(.version)) }
        if path.parts.count == 1 {
            return model(path.parts[0].name, method: request.method, pending: pending)
        }
        guard path.parts.count == 2, path.parts[1].collection == "versions"
        else { return pending.answer(unknown(.version)) }
        if request.method != .delete { return pending.answer(wrongMethod(.version)) }
        let (model, version) = (path.parts[0].name, path.parts[1].name)
        let pending = PendingAnswer(pending)
        pipeline.retire(model: model, version: version) { answer in
            pending.answer(
                response(
                    answer, to: .version, done: "{\"retired\":true}\n",
                    unknown: "model \(model) has no version \(version)"))
        }
    }

    /// Retires a model with all its versions and facts.
    private func model(_ model: String, method: Method, pending: consuming PendingResponse) {
        if method != .delete { return pending.answer(wrongMethod(.model)) }
        let pending = PendingAnswer(pending)
        pipeline.retire(model: model, version: "") { answer in
            pending.answer(
                response(
                    answer, to: .model, done: "{\"retired\":true}\n",
                    unknown: "no model \(model) is known"))
        }
    }

    private func producer(_ request: borrowing Request, pending: consuming PendingResponse) {
        guard let path = ResourcePath(request.rawPath), path.parts.count == 1,
            path.parts[0].collection == "producers"
        else { return pending.answer(unknown(.producer)) }
        if request.method != .delete { return pending.answer(wrongMethod(.producer)) }
        let name = path.parts[0].name
        let pending = PendingAnswer(pending)
        pipeline.forget(producer: name) { answer in
            pending.answer(
                response(
                    answer, to: .producer, done: "{\"forgotten\":true}\n",
                    unknown: "no producer \(name) is known"))
        }
    }

    /// The response to a change: `done` is the body of 200, `unknown` the detail of 404.
    private func response(
        _ answer: ChangeAnswer, to path: PushRequests.Path, done: String, unknown: String
    ) -> Response {
        switch answer {
        case .done:
            requests.count(path, status: 200)
            return json(200, body: Array(done.utf8))
        case .unknown:
            requests.count(path, status: 404)
            return error(404, code: "not_found", detail: unknown)
        case .failed(let code, let detail):
            requests.count(path, status: 503)
            return error(503, code: code, detail: detail)
        }
    }

    // MARK: Answers

    private func unknown(_ path: PushRequests.Path) -> Response {
        requests.count(path, status: 404)
        return error(404, code: "not_found", detail: "no such path; /openapi.json lists the paths")
    }

    private func wrongMethod(_ path: PushRequests.Path) -> Response {
        requests.count(path, status: 405)
        return Response(
            status: 405, headers: EventRoutes.headers + [("Allow", "DELETE")],
            body: PushAnswer.errorBody(
                "method", detail: "this path only supports DELETE")
        )
    }

    private func error(_ status: Int, code: String, detail: String) -> Response {
        json(status, body: PushAnswer.errorBody(code, detail: detail))
    }

    private func json(_ status: Int, body: [UInt8]) -> Response {
        let isLater = status == 429 || status == 503
        return Response(
            status: status,
            headers: isLater ? EventRoutes.headers + [("Retry-After", "1")] : EventRoutes.headers,
            body: body)
    }
}
