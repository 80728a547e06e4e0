internal import HTTP
internal import Intake
internal import Kernel
internal import Logging
internal import Model
internal import Profiles
internal import PushPipeline
internal import Watch

/// The paths `/v1/models/{model}/versions/{version}/profile` and `.../report`.
struct ProfileRoutes: Sendable {
    private let pipeline: PushPipeline
    private let requests: PushRequests
    private let log: Logger

    init(_ pushState: PushState) {
        pipeline = pushState.pipeline
        requests = pushState.requests
        log = pushState.log
    }

    /// What a path ends with.
    enum Leaf: CaseIterable {
        case profile, report

        var word: StaticString { self == .profile ? "profile" : "report" }

        var path: PushRequests.Path { self == .profile ? .profile : .report }
    }

    /// Answers a request about `leaf` of a version.
    func answer(
        _ request: borrowing Request, leaf: Leaf, model: String, version: String,
        pending: consuming PendingResponse
    ) {
        switch (leaf, request.method) {
        case (.profile, .get), (.profile, .head):
            pending.answer(profile(model: model, version: version))
        case (.profile, .put): put(request, model: model, version: version, pending: pending)
        case (.profile, .delete):
            let pending = PendingAnswer(pending)
            pipeline.setProfile(nil, model: model, version: version) { answer in
                pending.answer(response(answer, layout: nil, model: model, version: version))
            }
        case (.report, .get), (.report, .head):
            pending.answer(report(model: model, version: version))
        default:
            let allowed = leaf == .profile ? "GET, HEAD, PUT, DELETE" : "GET, HEAD"
            requests.count(leaf.path, status: 405)
            pending.answer(
                Response(
                    status: 405, headers: EventRoutes.headers + [("Allow", allowed)],
                    body: PushAnswer.errorBody(
                        "method", detail: "this path only supports \(allowed)")))
        }
    }

    private func profile(model: String, version: String) -> Response {
        guard let layout = pipeline.models.watch.profile(model: model, version: version) else {
            return error(
                .profile, 404, code: "not_found",
                detail: "model \(model) has no profile for version \(version)")
        }
        return json(.profile, 200, body: layout.canonical)
    }

    private func report(model: String, version: String) -> Response {
        guard let report = pipeline.models.watch.report(model: model, version: version) else {
            return error(
                .report, 404, code: "not_found",
                detail: "model \(model) has no version \(version) with a profile")
        }
        return json(.report, 200, body: report)
    }

    // MARK: Giving a profile

    private func put(
        _ request: borrowing Request, model: String, version: String,
        pending: consuming PendingResponse
    ) {
        let layout: Layout
        switch read(request, model: model, version: version) {
        case .success(let read): layout = read
        case .failure(let refusal):
            return pending.answer(
                error(.profile, refusal.status, code: refusal.code, detail: refusal.detail))
        }
        let pending = PendingAnswer(pending)
        pipeline.setProfile(layout, model: model, version: version) { answer in
            pending.answer(response(answer, layout: layout, model: model, version: version))
        }
    }

    private struct Refusal: Error {
        let status: Int
        let code: String
        let detail: String
    }

    private func read(
        _ request: borrowing Request, model: String, version: String
    ) -> Result<Layout, Refusal> {
        if EventIngestor.form(request.header("content-type")) != .json {
            return .failure(
                Refusal(
                    status: 415, code: "content_type",
                    detail:
                        "a profile comes as application/json: -H 'Content-Type: application/json'"
                ))
        }
        switch ContentEncoding(request.header("content-encoding")) {
        case .unknown:
            return .failure(
                Refusal(
                    status: 415, code: "content_encoding",
                    detail: "a body may be compressed by gzip and by nothing else"))
        case .gzip:
            var inflater = Inflater()
            var plain = Buffer(capacity: 64 << 10)
            var limits = EventLimits()
            limits.plainBytes = ProfileLimits.profileBytes
            do throws(Inflater.Failure) {
                try inflater.inflate(request.body, into: &plain, limits: limits)
            } catch {
                if case .damaged = error {
                    return .failure(
                        Refusal(
                            status: 400, code: "damaged_gzip",
                            detail: "the body is not gzip, or damaged, or truncated"))
                }
                return .failure(ProfileRoutes.tooLarge)
            }
            return read(plain.bytes, model: model, version: version)
        default: return read(request.body, model: model, version: version)
        }
    }

    private static let tooLarge = Refusal(
        status: 413, code: "body_too_large",
        detail: "a profile has at most \(ProfileLimits.profileBytes) bytes (profile_bytes)")

    private func read(
        _ text: Span<UInt8>, model: String, version: String
    ) -> Result<Layout, Refusal> {
        if text.count > ProfileLimits.profileBytes { return .failure(ProfileRoutes.tooLarge) }
        do throws(TextError) {
            let profile = try Profile(text, file: "profile")
            if profile.model != model || profile.modelVersion != version {
                return .failure(
                    Refusal(
                        status: 400, code: "bad_value",
                        detail:
                            "the profile is of model \(Quoted.text(profile.model)), version \(Quoted.text(profile.modelVersion)); the path names model \(Quoted.text(model)), version \(Quoted.text(version))"
                    ))
            }
            return .success(Layout(profile))
        } catch {
            return .failure(Refusal(status: 400, code: "bad_profile", detail: "\(error)"))
        }
    }

    // MARK: Answers

    private func response(
        _ answer: ProfileAnswer, layout: Layout?, model: String, version: String
    ) -> Response {
        switch answer {
        case .done(.unknown):
            return error(
                .profile, 404, code: "not_found",
                detail: "no request has given model \(model), version \(version) a profile")
        case .done(let change):
            if change == .replaced {
                log.info(
                    "profile replaced, windows begin again",
                    metadata: ["model": "\(model)", "version": "\(version)"])
            }
            guard let layout else {
                return json(.profile, 200, body: Array("{\"removed\":true}\n".utf8))
            }
            return json(.profile, 200, body: Array("{\"profile_id\":\"\(layout.id)\"}\n".utf8))
        case .limitReached(let limit):
            return error(
                .profile, 429, code: "profile_limit",
                detail:
                    "limit of profiles reached (profiles=\(limit)); DELETE the profile of another version"
            )
        case .failed(let code, let detail): return error(.profile, 503, code: code, detail: detail)
        }
    }

    private func error(
        _ path: PushRequests.Path, _ status: Int, code: String, detail: String
    ) -> Response {
        json(path, status, body: PushAnswer.errorBody(code, detail: detail))
    }

    private func json(_ path: PushRequests.Path, _ status: Int, body: [UInt8]) -> Response {
        requests.count(path, status: status)
        let isLater = status == 429 || status == 503
        return Response(
            status: status,
            headers: isLater ? EventRoutes.headers + [("Retry-After", "1")] : EventRoutes.headers,
            body: body)
    }
}
