import Glibc
import HTTP
import Kernel
import Testing

/// A server on a free port of 127.0.0.1 with one route of each kind.
final class Fixture: Sendable {
    let server: Server
    let port: UInt16
    /// Suspended requests in the order of their arrival.
    let waiting = PendingRequests()

    init(
        limits: Limits = Limits(), held: HeldResponses = HeldResponses(limitBytes: 64 << 20),
        routes: [Route] = [], errorFormats: [ErrorFormat] = [],
        admit: (@Sendable (borrowing Request) -> Response?)? = nil
    ) throws {
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        port = try #require(listener.port)
        let waiting = waiting
        let lines = Lines()
        server = try Server(
            name: "test", listeners: [listener],
            routes: routes + [
                Route(
                    "/hello",
                    constant: Response(
                        status: 200, headers: [("Content-Type", "text/plain")], body: "hello\n")),
                Route("/echo", methods: [.post, .put]) { request in
                    Response(status: 200, body: request.body.copied)
                },
                Route("/query") { request in
                    Response(status: 200, body: request.path.string + "|" + request.query.string)
                },
                Route("/agent") { request in
                    guard let agent = request.header("user-agent") else {
                        return Response(status: 200, body: "none")
                    }
                    return Response(status: 200, body: agent.string)
                },
                Route("/later", methods: [.get, .post]) { request, pending in
                    waiting.add(pending)
                },
                Route("/dropped") { _, _ in },
            ], limits: limits, held: held, errorFormats: errorFormats, admit: admit,
            log: { lines.append($0) })
        self.lines = lines
    }

    /// Messages of libmicrohttpd.
    let lines: Lines

    deinit {
        waiting.dropAll()
        server.stop()
    }

    func client(host: UInt32? = nil, receiveBytes: Int32? = nil) throws -> Client {
        try Client(port: port, receiveBytes: receiveBytes, host: host)
    }

    /// Sends the bytes on a connection of their own and returns everything read until it closes.
    func conversation(_ text: String) throws -> String? {
        let client = try client()
        client.send(text)
        return client.rest()
    }
}

final class Lines: Sendable {
    private let lines = LockedValue<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Holds suspended requests until a test answers them.
final class PendingRequests: Sendable {
    private final class Slot: Sendable {
        private let pending: LockedValue<PendingResponse?>

        init(_ pending: consuming PendingResponse) {
            self.pending = LockedValue(consume pending)
        }

        func take() -> PendingResponse? {
            pending.withLock { $0.take() }
        }
    }

    private let slots = LockedValue<[Slot]>([])

    var count: Int { slots.withLock { $0.count } }

    func add(_ pending: consuming PendingResponse) {
        let slot = Slot(pending)
        slots.withLock { $0.append(slot) }
    }

    func answerAll(_ response: borrowing Response) {
        let all = slots.withLock { slots in
            defer { slots = [] }
            return slots
        }
        for slot in all {
            if let pending = slot.take() { pending.answer(response) }
        }
    }

    func dropAll() {
        slots.withLock { $0 = [] }
    }
}

/// A request as a polite client sends it.
func get(_ target: String, more: String = "") -> String {
    "GET \(target) HTTP/1.1\r\nHost: h\r\n\(more)\r\n"
}

func post(_ target: String, body: String, more: String = "") -> String {
    "POST \(target) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
}
