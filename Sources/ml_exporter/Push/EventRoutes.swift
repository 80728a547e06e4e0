internal import HTTP
internal import Intake
internal import Journal
internal import Kernel
internal import Model

/// The paths below `/v1` on the push listener.
struct EventRoutes: Sendable {
    let door: EventIngestor
    let models: Models
    let requests: PushRequests
    /// Nil when pushes are kept in memory only.
    let journal: Journal?
    private let one = Route.Constant(
        Response(status: 200, headers: EventRoutes.headers, body: PushAnswer.oneBody))

    static let headers = [("Content-Type", "application/json")]

    /// What the server itself says below `/v1`.
    static let voice = ErrorFormat(prefix: "/v1/", contentType: "application/json") {
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
        return String(decoding: PushAnswer.errorBody(code, sentence), as: UTF8.self)
    }

    init(_ pushed: PushState) {
        door = pushed.events
        models = pushed.models
        requests = pushed.requests
        journal = pushed.journal
    }

    var routes: [Route] {
        [
            events,
            Route("/v1/models") { _ in
                requests.count(.models, 200)
                return json(200, ListResponses.models(models.list.map(EventRoutes.version)))
            },
            Route("/v1/producers") { _ in
                requests.count(.producers, 200)
                return json(200, ListResponses.producers(door.producers.list))
            },
            Route(prefix: "/v1/models/", suspend: { version($0, $1) }),
            Route(prefix: "/v1/models@base64/", suspend: { version($0, $1) }),
            Route(prefix: "/v1/producers/", suspend: { producer($0, $1) }),
            Route(prefix: "/v1/producers@base64/", suspend: { producer($0, $1) }),
            Route(
                "/openapi.json",
                constant: Response(
                    status: 200, headers: EventRoutes.headers, body: PackageResources.openapi_json)),
        ]
    }

    // MARK: Events

    private var events: Route {
        guard let journal else {
            return Route("/v1/events", methods: [.post]) { request in
                response(
                    door.take(
                        EventRoutes.push(request), EventRoutes.stamp(request),
                        from: Peer.of(request).sender))
            }
        }
        return Route(
            "/v1/events", methods: [.post],
            suspend: { request, suspended in
                let preparation = door.hold(
                    EventRoutes.push(request), EventRoutes.stamp(request),
                    from: Peer.of(request).sender)
                switch preparation {
                case .answered(let answer): suspended.answer(response(answer))
                case .held(let held):
                    let submission = EventSubmission(held, door, models, suspended) {
                        answer, suspended in suspended.answer(response(answer))
                    }
                    if let error = journal.submit(submission) { submission.refuse(error) }
                }
            })
    }

    @_lifetime(borrow request)
    private static func push(_ request: borrowing Request) -> EventIngestor.Push {
        EventIngestor.Push(
            body: request.body, contentType: request.header("content-type"),
            encoding: ContentEncoding(request.header("content-encoding")))
    }

    private func response(_ answer: PushAnswer) -> Response {
        requests.count(.events, answer.status)
        switch answer {
        case .one: return Response(sharing: one.response)
        case .json(let status, let body): return json(status, body)
        }
    }

    /// What the request's headers say of its batch.
    static func stamp(_ request: borrowing Request) -> Result<
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

    private func version(_ request: borrowing Request, _ suspended: consuming PendingResponse) {
        guard let path = ResourcePath(request.rawPath), path.parts.count == 2,
            path.parts[0].collection == "models", path.parts[1].collection == "versions"
        else { return suspended.answer(unknown(.version)) }
        if request.method != .delete { return suspended.answer(wrongMethod(.version)) }
        let (model, version) = (path.parts[0].name, path.parts[1].name)
        change(.retired, [model, version], .version, suspended) {
            guard models.retire(model: model, version: version) else {
                requests.count(.version, 404)
                return error(
                    404, "not_found", "no version \(version) of a model \(model) is known")
            }
            requests.count(.version, 200)
            return json(200, Array("{\"retired\":true}\n".utf8))
        }
    }

    private func producer(_ request: borrowing Request, _ suspended: consuming PendingResponse) {
        guard let path = ResourcePath(request.rawPath), path.parts.count == 1,
            path.parts[0].collection == "producers"
        else { return suspended.answer(unknown(.producer)) }
        if request.method != .delete { return suspended.answer(wrongMethod(.producer)) }
        let name = path.parts[0].name
        change(.forgotten, [name], .producer, suspended) {
            guard let number = door.producers.forget(name) else {
                requests.count(.producer, 404)
                return error(404, "not_found", "no producer \(name) is known")
            }
            models.forget(producer: number)
            requests.count(.producer, 200)
            return json(200, Array("{\"forgotten\":true}\n".utf8))
        }
    }

    /// Lets a change survive, where there is a journal, and answers.
    private func change(
        _ kind: RecordKind, _ names: [String], _ path: PushRequests.Path,
        _ suspended: consuming PendingResponse, _ body: @escaping @Sendable () -> Response
    ) {
        guard let journal else { return suspended.answer(body()) }
        let submission = ChangeSubmission(
            kind, names, suspended, change: body,
            failure: { code, sentence in
                requests.count(path, 503)
                return error(503, code, sentence)
            })
        if let error = journal.submit(submission) { submission.refuse(error) }
    }

    // MARK: Answers

    private func unknown(_ path: PushRequests.Path) -> Response {
        requests.count(path, 404)
        return error(404, "not_found", "there is nothing under this path")
    }

    private func wrongMethod(_ path: PushRequests.Path) -> Response {
        requests.count(path, 405)
        return Response(
            status: 405, headers: EventRoutes.headers + [("Allow", "DELETE")],
            body: PushAnswer.errorBody(
                "method", "this path does not answer this method, but DELETE")
        )
    }

    private func error(_ status: Int, _ code: String, _ detail: String) -> Response {
        json(status, PushAnswer.errorBody(code, detail))
    }

    private func json(_ status: Int, _ body: [UInt8]) -> Response {
        let isLater = status == 429 || status == 503
        return Response(
            status: status,
            headers: isLater ? EventRoutes.headers + [("Retry-After", "1")] : EventRoutes.headers,
            body: body)
    }
}
