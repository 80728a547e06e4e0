import Glibc
import HTTP
import Kernel
import Testing

@Suite(.blockingThreads) struct StopTests {
    private func soon(_ seconds: UInt64 = 10) -> UInt64 {
        Clock.monotonicNanoseconds + seconds * 1_000_000_000
    }

    @Test func `requests in flight finish and new ones get 503`() throws {
        let fixture = try Fixture()
        let server = fixture.server
        let kept = try fixture.client()
        kept.send(get("/hello"))
        #expect(kept.reply().status == 200)
        let client = try fixture.client()
        client.send(get("/later"))
        #expect(eventually { fixture.waiting.count == 1 })
        server.refuseNewRequests()
        server.quiesce()
        server.quiesce()
        #expect(!server.waitUntilIdle(until: Clock.monotonicNanoseconds + 20_000_000))
        #expect(!server.stop(), "a suspended request forbids it")
        kept.send(get("/hello"))
        let refused = kept.reply()
        #expect(refused.status == 503)
        #expect(refused.header("connection") == "close")
        #expect(kept.rest() == "")
        #expect(server.statistics.refusals(.draining) == 1)
        fixture.waiting.answerAll(Response(status: 200, body: "finished"))
        #expect(client.reply().text == "finished")
        #expect(server.waitUntilIdle(until: soon()))
        #expect(server.stop())
        #expect(server.stop())
        #expect(client.rest() == "")
        #expect(server.statistics.openConnections == 0)
    }

    @Test func `a quiesced server accepts no connection and frees its port`() throws {
        var port: UInt16 = 0
        do {
            let fixture = try Fixture()
            port = fixture.port
            #expect(fixture.server.stop())
        }
        #expect(throws: KernelError.self) { try Client(port: port) }
        let again = try Listener.bind(.tcp(host: "127.0.0.1", port: port))
        #expect(again.port == port)
    }

    @Test func `stopping never shuts a shared socket down`() throws {
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let port = try #require(listener.port)
        for round in 0..<3 {
            let server = try Server(
                name: "round", listeners: [listener],
                routes: [Route("/", constant: Response(status: 200, body: "\(round)"))],
                log: { _ in })
            let client = try Client(port: port)
            client.send(get("/"))
            #expect(client.reply().text == "\(round)")
            #expect(server.stop())
        }
    }

    @Test func `a server that is just let go stops by itself`() throws {
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let port = try #require(listener.port)
        let client: Client
        do {
            let server = try Server(
                name: "short", listeners: [listener],
                routes: [Route("/", constant: Response(status: 200))], log: { _ in })
            client = try Client(port: port)
            client.send(get("/"))
            #expect(client.reply().status == 200)
            _ = server
        }
        #expect(client.rest() == "")
    }

    @Test func `a server that is let go while a request waits still answers it`() throws {
        let waiting = PendingRequests()
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let client = try Client(port: try #require(listener.port))
        do {
            let server = try Server(
                name: "forgotten", listeners: [listener],
                routes: [Route("/") { _, pending in waiting.add(pending) }], log: { _ in })
            client.send(get("/") + get("/", more: "Content-Length: x\r\n"))
            #expect(eventually { waiting.count == 1 })
            _ = server
        }
        waiting.answerAll(Response(status: 200, body: "late"))
        #expect(client.reply().text == "late")
        // What follows makes libmicrohttpd log.
        #expect(client.rest()?.contains(" 400 ") == true)
    }

    @Test func `who was accepted before the stop and asks after it is answered`() throws {
        let fixture = try Fixture()
        let late = try fixture.client()
        #expect(eventually { fixture.server.statistics.openConnections == 1 })
        let server = fixture.server
        let deadline = soon()
        server.quiesce()
        let stopper = try Worker("stopper") {
            server.waitForFirstRequests(until: deadline)
            server.refuseNewRequests()
        }
        usleep(50_000)
        late.send(get("/hello"))
        #expect(late.reply().status == 200)
        stopper.join()
        #expect(server.waitUntilIdle(until: soon()))
        #expect(server.stop())
    }

    @Test func `stopping does not wait for a client that sends no request`() throws {
        let fixture = try Fixture()
        let silent = try fixture.client()
        #expect(eventually { fixture.server.statistics.openConnections == 1 })
        fixture.server.quiesce()
        fixture.server.waitForFirstRequests(until: Clock.monotonicNanoseconds + 20_000_000)
        fixture.server.refuseNewRequests()
        #expect(fixture.server.stop())
        #expect(silent.rest() == "")
    }

    @Test func `stopping under load ends every request`() throws {
        for _ in 0..<5 {
            let fixture = try Fixture(routes: [
                Route("/now") { _, pending in pending.answer(Response(status: 200)) }
            ])
            let clients = try (0..<20).map { _ in try fixture.client() }
            for client in clients { client.send(get("/now") + get("/hello") + get("/now")) }
            fixture.server.refuseNewRequests()
            fixture.server.quiesce()
            #expect(fixture.server.waitUntilIdle(until: soon()))
            #expect(eventually { fixture.server.stop() })
            #expect(fixture.server.statistics.activeRequests == 0)
            #expect(fixture.server.statistics.openConnections == 0)
        }
    }
}
