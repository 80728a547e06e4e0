import Glibc
import HTTP
import Kernel
import Testing

/// Times are short, and what is asserted about them is generous: the machine is shared.
@Suite(.serialized, .blockingThreads) struct DeadlineTests {
    private var limits: Limits {
        var limits = Limits()
        limits.headerTimeout = .milliseconds(300)
        limits.bodyTimeout = .milliseconds(300)
        limits.writeTimeout = .milliseconds(300)
        limits.idleTimeout = .seconds(60)
        return limits
    }

    /// Sends a byte every 30 ms until the server hangs up, at most 200. Returns how many went out.
    private func drip(_ client: Client, byte: String) -> Int {
        for count in 0..<200 {
            if !client.send(byte) || !client.staysOpen(milliseconds: 30) { return count }
        }
        return 200
    }

    @Test func `a dripping header is cut`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send("GET /hello HTTP/1.1\r\nHost: h\r\nX: ")
        #expect(drip(client, byte: "x") < 150)
        #expect(client.isAtEnd)
        #expect(fixture.server.statistics.refusals(.headerTimeout) == 1)
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
        #expect(eventually { fixture.server.statistics.activeRequests == 0 })
    }

    @Test func `a client that never says wildcard is cut`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        #expect(client.rest() == "")
        #expect(fixture.server.statistics.refusals(.headerTimeout) == 1)
    }

    @Test func `a dripping header on a kept connection is cut`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
        #expect(drip(client, byte: "G") < 150)
        #expect(client.isAtEnd)
        #expect(fixture.server.statistics.refusals(.headerTimeout) == 1)
    }

    @Test func `a dripping header behind a complete request line is cut`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
        client.send("GET /hello HTTP/1.1\r\nX: ")
        #expect(drip(client, byte: "x") < 150)
        #expect(client.isAtEnd)
    }

    @Test func `a dripping body is cut`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n")
        #expect(drip(client, byte: "x") < 150)
        #expect(client.isAtEnd)
        #expect(fixture.server.statistics.refusals(.bodyTimeout) == 1)
        #expect(eventually { fixture.server.statistics.activeRequests == 0 })
    }

    @Test func `a client that never reads a large answer is cut and the page comes back`() throws {
        let pool = BufferPool(initialCapacity: 16 << 20, keptBytes: 0)
        let fixture = try Fixture(
            limits: limits,
            routes: [
                Route("/large") { _ in
                    var page = pool.take()
                    let line = [UInt8](repeating: 0x61, count: 1 << 16)
                    for _ in 0..<256 { page.append(line) }
                    return Response(status: 200, body: page, returningTo: pool)
                }
            ])
        let client = try Client(port: fixture.port, receiveBytes: 4096)
        client.send(get("/large"))
        #expect(eventually { pool.taken == 1 })
        #expect(eventually { fixture.server.statistics.refusals(.writeTimeout) == 1 })
        #expect(eventually { pool.taken == 0 })
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
    }

    @Test func `an idle kept connection is not cut before its time`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
        #expect(client.staysOpen(milliseconds: 1000))
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
    }

    @Test func `an idle kept connection is cut after its time`() throws {
        var limits = limits
        limits.idleTimeout = .milliseconds(300)
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
        #expect(client.rest() == "")
        #expect(fixture.server.statistics.refusals(.idleTimeout) == 1)
    }

    @Test func `a pending request may take as long as its handler likes`() throws {
        let fixture = try Fixture(limits: limits)
        let client = try fixture.client()
        client.send(get("/later"))
        #expect(eventually { fixture.waiting.count == 1 })
        #expect(client.staysOpen(milliseconds: 1000))
        fixture.waiting.answerAll(Response(status: 200, body: "at last"))
        #expect(client.reply().text == "at last")
    }

    @Test func `the clock thread sleeps while no connection is open`() throws {
        let fixture = try Fixture(limits: limits)
        do {
            let client = try fixture.client()
            client.send(get("/hello"))
            #expect(client.reply().status == 200)
        }
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
        // A thread that had stopped for good would not cut this one.
        usleep(400_000)
        let late = try fixture.client()
        #expect(late.rest() == "")
    }
}
