package import Groups
package import Intake
internal import Kernel

/// A request on one of the Pushgateway's paths, as it arrived.
package struct GroupRequest: ~Escapable {
    private let method: GroupMethod
    private let path: Span<UInt8>
    private let ttl: [String]
    private let aggregate: [String]
    private let contentType: Span<UInt8>?
    private let encoding: ContentEncoding
    private let body: Span<UInt8>

    /// What a body may inflate to: the same as a push of events.
    private static let limits = EventLimits()

    /// `path` is percent-decoded once and has no query; `ttl` and `aggregate` are the values of the
    /// query parameters with these names.
    @_lifetime(copy path, copy contentType, copy body)
    package init(
        _ method: GroupMethod, path: Span<UInt8>, ttl: [String], aggregate: [String],
        contentType: Span<UInt8>?, encoding: ContentEncoding, body: Span<UInt8>
    ) {
        self.method = method
        self.path = path
        self.ttl = ttl
        self.aggregate = aggregate
        self.contentType = contentType
        self.encoding = encoding
        self.body = body
    }

    /// The answer to a body that cannot be read.
    struct Refusal: Error {
        let answer: GroupAnswer
        /// Whether a retry of the same bytes is useless, so that the batch counts as received.
        let isFinal: Bool
    }

    /// Inflates and parses the request. The body of a DELETE is ignored, as the Pushgateway does.
    /// `rendering` holds the memory of the result, `events` that of what leads to it.
    func parse(
        with handler: PushgatewayHandler, of events: EventIngestor, rendering: ByteClaim
    ) -> Result<PushgatewayHandler.ParsedRequest, Refusal> {
        switch encoding {
        case .gzip where method != .delete:
            let inflating = ByteClaim(events.bodies)
            var inflater = Inflater()
            var plain = Buffer(capacity: 1024)
            do throws(Inflater.Failure) {
                try inflater.inflate(
                    body, into: &plain, limits: GroupRequest.limits, claim: inflating)
            } catch {
                return .failure(GroupRequest.refusal(error))
            }
            let request = read(plain.bytes, with: handler, of: events, rendering: rendering)
            // What was inflated goes before the families come.
            plain = Buffer(capacity: 1)
            inflating.releaseAll()
            return .success(handler.render(request))
        case .unknown where method != .delete && !body.isEmpty:
            return .failure(
                Refusal(
                    answer: GroupAnswer(
                        415,
                        sentence:
                            "unknown Content-Encoding: send the body uncompressed or with gzip"),
                    isFinal: false))
        default:
            return .success(
                handler.render(read(body, with: handler, of: events, rendering: rendering)))
        }
    }

    private func read(
        _ plain: Span<UInt8>, with handler: PushgatewayHandler, of events: EventIngestor,
        rendering: ByteClaim
    ) -> PushgatewayHandler.ReadRequest {
        handler.read(
            method, path: path, ttl: ttl, aggregate: aggregate, contentType: contentType,
            body: plain, parsing: ByteClaim(events.decoding), rendering: rendering)
    }

    private static func refusal(_ failure: Inflater.Failure) -> Refusal {
        switch failure {
        case .damaged:
            Refusal(
                answer: GroupAnswer(400, sentence: "gzip: the body is damaged or truncated"),
                isFinal: true)
        case .shortage(let shortage): Refusal(answer: GroupAnswer(shortage), isFinal: false)
        case .tooLarge(let bytes):
            Refusal(
                answer: GroupAnswer(
                    413, sentence: "the inflated body exceeds the limit of \(bytes) bytes"),
                isFinal: false)
        case .tooDense(let bytes):
            Refusal(
                answer: GroupAnswer(
                    413,
                    sentence:
                        "the body is compressed more than \(limits.ratio) times and inflates to more than \(bytes) bytes"
                ), isFinal: false)
        }
    }
}
