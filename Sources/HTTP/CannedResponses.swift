internal import Kernel

/// The responses that a server gives without asking a route, built once per error format.
struct CannedResponses: Sendable {
    /// The same response twice: one keeps the connection open, one closes it.
    struct CannedResponse: Sendable {
        let keepAlive: ResponseCore
        let close: ResponseCore

        init(
            _ errorFormat: ErrorFormat, status: Int, sentence: String,
            headers: [(String, String)] = []
        ) {
            let all = headers + [("Content-Type", errorFormat.contentType)]
            let body = errorFormat.body(status, sentence)
            keepAlive = ResponseCore(status: status, headers: all, body: Body(body))
            close = ResponseCore(
                status: status, headers: all + [("Connection", "close")], body: Body(body))
        }
    }

    /// Prefix of the raw path for which these responses are used.
    private let prefix: [UInt8]
    let badRequest: CannedResponse
    let notFound: CannedResponse
    let tooLarge: CannedResponse
    /// As `tooLarge`, for a request with a Content-Encoding, whose limit may be lower.
    let tooLargeEncoded: CannedResponse
    let internalError: CannedResponse
    let notImplemented: CannedResponse
    let unavailable: CannedResponse
    let busy: CannedResponse
    /// Clients hold too many bytes of responses; closes the connection, which is a slow reader's.
    let heldResponses: CannedResponse
    let badVersion: CannedResponse
    /// Indexed by `Router.Match.wrongMethod`.
    let wrongMethod: [CannedResponse]

    init(_ errorFormat: ErrorFormat, allowed: [String], limits: Limits, held: HeldResponses) {
        prefix = Array(errorFormat.prefix.utf8)
        let later = [("Retry-After", "1")]
        badRequest = CannedResponse(errorFormat, status: 400, sentence: "malformed HTTP request")
        notFound = CannedResponse(
            errorFormat, status: 404, sentence: "path not found")
        tooLarge = CannedResponse(
            errorFormat, status: 413,
            sentence: "body too large: limit \(limits.bodyBytes) bytes")
        tooLargeEncoded = CannedResponse(
            errorFormat, status: 413,
            sentence:
                "body too large: limit \(limits.bodyBytes(isEncoded: true)) compressed bytes"
        )
        internalError = CannedResponse(
            errorFormat, status: 500, sentence: "internal error")
        notImplemented = CannedResponse(
            errorFormat, status: 501,
            sentence: "transfer encoding not supported; use chunked or Content-Length")
        unavailable = CannedResponse(
            errorFormat, status: 503, sentence: "server is shutting down", headers: later)
        busy = CannedResponse(
            errorFormat, status: 503,
            sentence: "too many request bodies in flight: limit \(limits.bodies.limit) bytes",
            headers: later)
        heldResponses = CannedResponse(
            errorFormat, status: 503,
            sentence:
                "too many unread responses: limit \(held.limitBytes) bytes, \(held.clientLimitBytes) per client",
            headers: later)
        badVersion = CannedResponse(
            errorFormat, status: 505, sentence: "HTTP version not supported; use HTTP/1.1")
        wrongMethod = allowed.map { methods in
            CannedResponse(
                errorFormat, status: 405,
                sentence: "method not allowed; use \(methods)",
                headers: [("Allow", methods)])
        }
    }

    func matches(for rawPath: Span<UInt8>) -> Bool {
        rawPath.count >= prefix.count && rawPath.extracting(first: prefix.count).equals(prefix)
    }

    /// The response to a request whose header was rejected; it closes the connection.
    func refusal(_ status: Int) -> ResponseCore {
        switch status {
        case 501: notImplemented.close
        case 505: badVersion.close
        default: badRequest.close
        }
    }

    /// The bytes of the response to a connection beyond a limit, sent before any request is read.
    static func connectionRefusal(_ sentence: String) -> [UInt8] {
        let headers = SecurityHeaders.all.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array(
            """
            HTTP/1.1 503 Service Unavailable\r
            Connection: close\r
            Retry-After: 1\r
            Content-Type: text/plain; charset=utf-8\r
            \(headers)Content-Length: \(sentence.utf8.count + 1)\r
            \r
            \(sentence)

            """.utf8)
    }
}
