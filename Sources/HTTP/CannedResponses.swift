internal import Kernel

/// The answers that a server gives by itself, made once for each voice.
struct CannedResponses: Sendable {
    /// One answer that keeps the connection and one that ends it.
    struct CannedResponse: Sendable {
        let staying: ResponseCore
        let closing: ResponseCore

        init(
            _ errorFormat: ErrorFormat, status: Int, sentence: String,
            headers: [(String, String)] = []
        ) {
            let all = headers + [("Content-Type", errorFormat.contentType)]
            let body = errorFormat.body(status, sentence)
            staying = ResponseCore(status: status, headers: all, body: Body(body))
            closing = ResponseCore(
                status: status, headers: all + [("Connection", "close")], body: Body(body))
        }
    }

    /// What the raw path begins with.
    private let prefix: [UInt8]
    let badRequest: CannedResponse
    let notFound: CannedResponse
    let tooLarge: CannedResponse
    /// As `tooLarge`, of a request with a Content-Encoding.
    let tooLargeEncoded: CannedResponse
    let internalError: CannedResponse
    let notImplemented: CannedResponse
    let unavailable: CannedResponse
    let busy: CannedResponse
    let badVersion: CannedResponse
    /// By `Router.Match.wrongMethod`.
    let wrongMethod: [CannedResponse]

    init(_ errorFormat: ErrorFormat, allowed: [String], limits: Limits) {
        prefix = Array(errorFormat.prefix.utf8)
        let later = [("Retry-After", "1")]
        badRequest = CannedResponse(errorFormat, status: 400, sentence: "The request is malformed.")
        notFound = CannedResponse(
            errorFormat, status: 404, sentence: "There is nothing under this path.")
        tooLarge = CannedResponse(
            errorFormat, status: 413,
            sentence: "The body is too large: at most \(limits.bodyBytes) bytes are read.")
        tooLargeEncoded = CannedResponse(
            errorFormat, status: 413,
            sentence:
                "The body is too large: at most \(limits.bodyBytes(isEncoded: true)) compressed bytes are read."
        )
        internalError = CannedResponse(
            errorFormat, status: 500, sentence: "The request could not be answered.")
        notImplemented = CannedResponse(
            errorFormat, status: 501, sentence: "This transfer encoding is not supported.")
        unavailable = CannedResponse(
            errorFormat, status: 503, sentence: "The server is about to stop.", headers: later)
        busy = CannedResponse(
            errorFormat, status: 503, sentence: "The bodies of too many requests are on their way.",
            headers: later)
        badVersion = CannedResponse(
            errorFormat, status: 505, sentence: "This version of HTTP is not supported.")
        wrongMethod = allowed.map { methods in
            CannedResponse(
                errorFormat, status: 405,
                sentence: "This path does not answer this method, but \(methods).",
                headers: [("Allow", methods)])
        }
    }

    func isMeant(for rawPath: Span<UInt8>) -> Bool {
        rawPath.count >= prefix.count && rawPath.extracting(first: prefix.count).equals(prefix)
    }

    /// The answer to what the gate refused; it ends the connection.
    func refusal(_ status: Int) -> ResponseCore {
        switch status {
        case 501: notImplemented.closing
        case 505: badVersion.closing
        default: badRequest.closing
        }
    }

    /// What a connection beyond the limit gets before any request, as bytes for the socket.
    static let connectionLimit: StaticString = """
        HTTP/1.1 503 Service Unavailable\r
        Connection: close\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Length: 35\r
        \r
        Too many connections are open now.\n
        """
}
