internal import Exposition
internal import HTTP
internal import Host
internal import Journal
internal import Kernel
internal import Settings

/// The routes of the telemetry listener.
enum Telemetry {
    static func routes(
        _ web: WebSettings, enabled: Set<String>, scrapes: ScrapeThread, pushState: PushState,
        pushAddress: String
    ) -> [Route] {
        var routes = [
            Route(
                web.telemetryPath,
                suspend: { request, pending in
                    switch collectors(request.query, enabled: enabled) {
                    case .success(let collectors):
                        scrapes.ask(
                            scrapeRequest(
                                request, collectors: collectors,
                                offersProtobuf: web.nativeHistograms),
                            until: deadline(
                                request.header("x-prometheus-scrape-timeout-seconds")),
                            pending: pending)
                    case .failure(let refusal):
                        pending.answer(Response(status: 400, text: refusal.sentence))
                    }
                }),
            Route(
                "/-/healthy", constant: Response(status: 200, text: "ml_exporter is healthy.\n")),
            Route("/-/ready") { _ in
                pushState.journal?.status == .replaying
                    ? Response(status: 503, text: "ml_exporter reads what was kept.\n")
                    : Response(status: 200, text: "ml_exporter is ready.\n")
            },
        ]
        if web.telemetryPath != "/" {
            routes.append(
                Route(
                    "/",
                    constant: Response(
                        status: 200, headers: [("Content-Type", "text/html; charset=UTF-8")],
                        body: LandingPage.page(telemetryPath: web.telemetryPath))))
        }
        return routes + misdirectedPushes(pushAddress)
    }

    /// The paths of the push listener: a client that has mixed up the two ports gets the address of
    /// the other one.
    private static func misdirectedPushes(_ pushAddress: String) -> [Route] {
        let sentence =
            pushAddress.isEmpty
            ? "The push listener is not running: see --push.listen-address.\n"
            : "This is the telemetry listener. Push to the push listener: \(pushAddress)\n"
        return [
            Route("/v1/events", methods: [.post]) { _ in Response(status: 404, text: sentence) },
            Route(prefix: "/metrics/", methods: [.put, .post, .delete]) { _ in
                Response(status: 404, text: sentence)
            },
        ]
    }

    /// The page that a request asks for.
    static func scrapeRequest(
        _ request: borrowing Request, collectors: Set<String>?, offersProtobuf: Bool = false
    ) -> ScrapeQueue.ScrapeRequest {
        ScrapeQueue.ScrapeRequest(
            format: Negotiation.format(
                accept: request.header("accept"), offersProtobuf: offersProtobuf),
            isCompressed: AcceptEncoding.acceptsGzip(request.header("accept-encoding")),
            collectors: collectors)
    }

    /// How long a scraper waits that does not say so, as Prometheus does by default.
    static let standardTimeoutSeconds = 10.0
    /// What the answer's way back may take of that.
    static let wayBackSeconds = 0.5

    /// When a page asked for now must be ready, on the monotonic clock. `timeout` is the header's
    /// text: seconds, at most an hour; anything else is as if it was missing.
    static func deadline(_ timeout: Span<UInt8>?) -> UInt64 {
        var seconds = standardTimeoutSeconds
        if let timeout {
            var cursor = Cursor(timeout)
            if let given = cursor.decimal(), given > 0, given <= 3600, cursor.isAtEnd {
                seconds = given
            }
        }
        let usable = seconds - min(wayBackSeconds, seconds / 4)
        return Clock.monotonicNanoseconds &+ UInt64(usable * 1e9)
    }

    struct Refusal: Error, Equatable {
        let sentence: String
    }

    /// The collectors that `collect[]` and `exclude[]` leave, nil for all; the sentences are those
    /// that node_exporter's users know.
    static func collectors(
        _ query: Span<UInt8>, enabled: Set<String>
    ) -> Result<Set<String>?, Refusal> {
        if query.isEmpty { return .success(nil) }
        let collect = Query.values(of: "collect[]", in: query)
        let exclude = Query.values(of: "exclude[]", in: query)
        if !collect.isEmpty, !exclude.isEmpty {
            return .failure(
                Refusal(sentence: "Combined collect and exclude queries are not allowed."))
        }
        for name in collect where !enabled.contains(name) {
            let state = HostSettings.collectors.contains(name) ? "disabled" : "missing"
            return .failure(
                Refusal(
                    sentence:
                        "Couldn't create filtered metrics handler: couldn't create collector: \(state) collector: \(name)"
                ))
        }
        if !collect.isEmpty { return .success(Set(collect)) }
        return .success(exclude.isEmpty ? nil : enabled.subtracting(exclude))
    }
}
