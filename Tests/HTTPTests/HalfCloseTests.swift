import Glibc
import HTTP
import Kernel
import Testing

/// Clients that close their side, or all of the connection, in any phase of a request. The deadlines are
/// far away, so that only the closing itself can end a connection.
@Suite(.blockingThreads) struct HalfCloseTests {
    private var limits: Limits {
        var limits = Limits()
        limits.headerTimeout = .seconds(600)
        limits.bodyTimeout = .seconds(600)
        limits.idleTimeout = .seconds(600)
        limits.writeTimeout = .seconds(600)
        limits.connectionsPerClient = 512
        return limits
    }

    private static let parts = [
        "", "G", "GET /hello", "GET /hello HTTP/1.1\r\n", "GET /hello HTTP/1.1\r\nHost: h\r\n",
        "GET /hello HTTP/1.1\r\nHost: h\r\nX: ",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: ",
    ]

    @Test(arguments: parts.indices, [true, false])
    func `a client that leaves in the middle of a request gives its place back`(
        part: Int, closes: Bool
    ) throws {
        let fixture = try Fixture(limits: limits)
        var kept: [Client] = []
        for _ in 0..<60 {
            let client = try fixture.client()
            client.send(HalfCloseTests.parts[part])
            if closes { continue }
            client.finishSending()
            kept.append(client)
        }
        #expect(eventually { fixture.server.statistics.acceptedConnections == 60 })
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
        for client in kept { #expect(client.rest() == "") }
        #expect(eventually { fixture.server.statistics.activeRequests == 0 })
    }

    @Test func `a client that leaves in the middle of a later request gives its place back`() throws
    {
        let fixture = try Fixture(limits: limits)
        for part in HalfCloseTests.parts {
            let client = try fixture.client()
            client.send(get("/hello") + part)
            #expect(client.reply().status == 200)
            client.finishSending()
            #expect(client.rest() == "")
        }
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
    }

    @Test func `the same on a Unix socket`() throws {
        let path = "/tmp/http-tests-\(getpid())-half.sock"
        let server = try Server(
            name: "unix", listeners: [try Listener.bind(.unix(path: path))],
            routes: [Route("/hello", constant: Response(status: 200, body: "x"))], limits: limits,
            log: { _ in })
        for part in HalfCloseTests.parts {
            let client = try Client(path: path)
            client.send(part)
            client.finishSending()
            #expect(client.rest() == "")
        }
        #expect(eventually { server.statistics.openConnections == 0 })
        #expect(server.stop())
    }

    @Test func `whole requests that a closed side follows are all answered`() throws {
        let fixture = try Fixture(limits: limits)
        for round in 0..<40 {
            let client = try fixture.client()
            let body = String(repeating: "b", count: round * 1_000)
            client.send(post("/echo", body: body) + get("/hello") + get("/query?\(round)"))
            client.finishSending()
            #expect(client.reply().text == body)
            #expect(client.reply().text == "hello\n")
            #expect(client.reply().text == "/query|\(round)")
            #expect(client.rest() == "")
        }
    }

    @Test func `a suspended request is answered although its client has closed its side`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send(get("/later"))
        client.finishSending()
        #expect(eventually { fixture.waiting.count == 1 })
        #expect(client.staysOpen(milliseconds: 200))
        fixture.waiting.answerAll(Response(status: 200, body: "late"))
        #expect(client.reply().text == "late")
        #expect(client.rest() == "")
    }

    @Test func `a client that closes its side and reads slowly gets all of a large response`()
        throws
    {
        let fixture = try Fixture(
            limits: limits,
            routes: [
                Route("/large") { _ in
                    Response(status: 200, body: [UInt8](repeating: 0x61, count: 8 << 20))
                }
            ])
        let client = try fixture.client(receiveBytes: 4096)
        client.send(get("/large"))
        client.finishSending()
        usleep(200_000)
        #expect(client.reply().body.count == 8 << 20)
    }
}
