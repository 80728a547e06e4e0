internal import HTTP
internal import Host
internal import Journal
internal import Kernel
internal import Scrape
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
                    do throws(CollectorSelection.SelectionError) {
                        let collectors = try CollectorSelection.names(
                            in: request.query, enabled: enabled,
                            known: Set(HostSettings.collectors))
                        scrapes.add(
                            ScrapeRequest(
                                request, collectors: collectors,
                                offersProtobuf: web.nativeHistograms),
                            deadline: deadline(request), pending: pending)
                    } catch {
                        pending.answer(Response(status: 400, text: error.sentence))
                    }
                }),
            Route(
                "/-/healthy", constant: Response(status: 200, text: "ml_exporter is healthy.\n")),
            Route("/-/ready") { _ in
                pushState.journal?.status == .replaying
                    ? Response(status: 503, text: "ml_exporter is reading the storage.\n")
                    : Response(status: 200, text: "ml_exporter is ready.\n")
            },
        ]
        if web.telemetryPath != "/" {
            routes.append(
                Route(
                    "/",
                    constant: Response(
                        status: 200, headers: LandingPage.headers,
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
            Route(prefix: "/metrics/") { request in
                // A scraper that asks below /metrics has not mixed up the listeners.
                let isPush = [.put, .post, .delete].contains(request.method)
                return Response(status: 404, text: isPush ? sentence : "path not found\n")
            },
        ]
    }

    /// When the page must be ready.
    static func deadline(_ request: borrowing Request) -> ScrapeDeadline {
        ScrapeDeadline(
            timeout: request.header("x-prometheus-scrape-timeout-seconds"),
            now: Clock.monotonicNanoseconds)
    }
}
