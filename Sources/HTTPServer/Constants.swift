internal import Kernel

/// The answers that a server gives by itself, made once for each voice.
struct Constants: Sendable {
    /// One answer that keeps the connection and one that ends it.
    struct Pair: Sendable {
        let staying: ResponseCore
        let closing: ResponseCore

        init(
            _ voice: Voice, _ status: Int, _ sentence: String, headers: [(String, String)] = []
        ) {
            let all = headers + [("Content-Type", voice.contentType)]
            let body = voice.body(status, sentence)
            staying = ResponseCore(status: status, headers: all, body: Body(body))
            closing = ResponseCore(
                status: status, headers: all + [("Connection", "close")], body: Body(body))
        }
    }

    /// What the raw path begins with.
    private let prefix: [UInt8]
    let badRequest: Pair
    let notFound: Pair
    let tooLarge: Pair
    /// As `tooLarge`, of a request with a Content-Encoding.
    let tooLargeEncoded: Pair
    let internalError: Pair
    let notImplemented: Pair
    let unavailable: Pair
    let busy: Pair
    let badVersion: Pair
    /// By `Router.Match.wrongMethod`.
    let wrongMethod: [Pair]

    init(_ voice: Voice, allowed: [String], limits: Limits) {
        prefix = Array(voice.prefix.utf8)
        let later = [("Retry-After", "1")]
        badRequest = Pair(voice, 400, "The request is malformed.")
        notFound = Pair(voice, 404, "There is nothing under this path.")
        tooLarge = Pair(
            voice, 413, "The body is too large: at most \(limits.bodyBytes) bytes are read.")
        tooLargeEncoded = Pair(
            voice, 413,
            "The body is too large: at most \(limits.bodyBytes(isEncoded: true)) compressed bytes are read."
        )
        internalError = Pair(voice, 500, "The request could not be answered.")
        notImplemented = Pair(voice, 501, "This transfer encoding is not supported.")
        unavailable = Pair(voice, 503, "The server is about to stop.", headers: later)
        busy = Pair(
            voice, 503, "The bodies of too many requests are on their way.", headers: later)
        badVersion = Pair(voice, 505, "This version of HTTP is not supported.")
        wrongMethod = allowed.map { methods in
            Pair(
                voice, 405, "This path does not answer this method, but \(methods).",
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
