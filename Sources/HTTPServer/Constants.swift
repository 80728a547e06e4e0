internal import Kernel

/// The answers that a server gives by itself, made once.
struct Constants: Sendable {
    /// One answer that keeps the connection and one that ends it.
    struct Pair: Sendable {
        let staying: ResponseCore
        let closing: ResponseCore

        init(_ status: Int, _ text: StaticString, headers: [(String, String)] = []) {
            let all = headers + [("Content-Type", "text/plain; charset=utf-8")]
            staying = ResponseCore(status: status, headers: all, constant: text)
            closing = ResponseCore(
                status: status, headers: all + [("Connection", "close")], constant: text)
        }
    }

    let badRequest = Pair(400, "The request is malformed.\n")
    let notFound = Pair(404, "There is nothing under this path.\n")
    let tooLarge = Pair(413, "The body is too large.\n")
    let internalError = Pair(500, "The request could not be answered.\n")
    let notImplemented = Pair(501, "This transfer encoding is not supported.\n")
    let unavailable = Pair(503, "The server is about to stop.\n")
    let badVersion = Pair(505, "This version of HTTP is not supported.\n")
    /// By `Router.Match.wrongMethod`.
    let wrongMethod: [Pair]

    init(allowed: [String]) {
        wrongMethod = allowed.map { methods in
            Pair(
                405, "This path does not answer this method.\n", headers: [("Allow", methods)])
        }
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
