internal import HTTP
internal import Intake
internal import Kernel
internal import Observation

/// Admits or rejects a push request before its body is received.
struct PushGate: Sendable {
    private let hosts: HostCheck
    private let rate: RateLimiter
    private let requests: PushRequests
    private let origin = PushGate.refusal(
        403, code: "origin", detail: "a web page must not push: the request has an Origin header")
    private let crossSite = PushGate.refusal(
        403, code: "origin",
        detail:
            "a web page must not push: Sec-Fetch-Site is neither none nor same-origin")
    private let foreign = PushGate.refusal(
        403, code: "host",
        detail:
            "the request is for another host: use an address or localhost, or allow the name by --push.allowed-host"
    )
    /// The Pushgateway's paths answer in plain text.
    private let tooManyGroups = Route.Constant(
        Response(
            status: 429,
            headers: [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("X-Content-Type-Options", "nosniff"), ("Retry-After", "1"),
            ],
            body:
                "This client makes more requests than --push.producer-rate allows: push less often.\n"
        ))
    private let tooMany = PushGate.refusal(
        429, code: "producer_rate",
        detail:
            "this producer makes more requests than --push.producer-rate allows: put more events into one request"
    )

    init(hosts: HostCheck, rate: RateLimiter, requests: PushRequests) {
        self.hosts = hosts
        self.rate = rate
        self.requests = requests
    }

    /// The answer to a request that is not let in.
    func refusal(_ request: borrowing Request) -> Response? {
        let peer = Peer.of(request)
        if request.header("origin") != nil {
            requests.count(.other, status: 403)
            return Response(sharing: origin.response)
        }
        if let site = request.header("sec-fetch-site"), !PushGate.isOwn(site.trimmed) {
            requests.count(.other, status: 403)
            return Response(sharing: crossSite.response)
        }
        if !peer.isLocal, !hosts.allows(request.host()) {
            requests.count(.other, status: 403)
            return Response(sharing: foreign.response)
        }
        switch request.method {
        case .post, .put, .delete:
            if rate.admits(key(request, peer: peer), now: Clock.monotonicNanoseconds) { return nil }
            requests.count(.other, status: 429)
            if request.path.starts(with: "/metrics/") {
                return Response(sharing: tooManyGroups.response)
            }
            return Response(sharing: tooMany.response)
        default: return nil
        }
    }

    /// Browsers send the header with every request; `none` is one that the user typed.
    private static func isOwn(_ site: Span<UInt8>) -> Bool {
        site.equalsIgnoringCase("none") || site.equalsIgnoringCase("same-origin")
    }

    /// Producers without a `Producer-Id` are distinguished by their process; over TCP all of them
    /// share one rate, because a client could open a connection for each request.
    private func key(_ request: borrowing Request, peer: Peer) -> Int {
        if let producer = request.header("producer-id") { return RateLimiter.key(producer) }
        let number = peer.isLocal ? peer.sender.number : 0
        return Int(truncatingIfNeeded: number &* 0x9E37_79B9_7F4A_7C15 >> 20)
    }

    private static func refusal(_ status: Int, code: String, detail: String) -> Route.Constant {
        let headers = EventRoutes.headers + (status == 429 ? [("Retry-After", "1")] : [])
        return Route.Constant(
            Response(
                status: status, headers: headers, body: PushAnswer.errorBody(code, detail: detail)))
    }
}
