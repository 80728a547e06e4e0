import Glibc
import HTTP
import Kernel
import Testing

@Suite(.blockingThreads) struct LimitTests {
    @Test func `connections beyond the limit get 503, and the next is served after one has closed`()
        throws
    {
        var limits = Limits()
        limits.connections = 4
        limits.connectionReserve = 4
        let fixture = try Fixture(limits: limits)
        var kept: [Client] = []
        for _ in 0..<4 {
            let client = try fixture.client()
            client.send(get("/hello"))
            #expect(client.reply().status == 200)
            kept.append(client)
        }
        for _ in 0..<10 {
            let refused = try fixture.client()
            refused.send(get("/hello"))
            let answer = try #require(refused.rest())
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(!answer.contains("hello"))
        }
        #expect(fixture.server.statistics.refusals(.connectionLimit) == 10)
        #expect(fixture.server.statistics.openConnections == 4)
        kept[0].send(get("/hello"))
        #expect(kept[0].reply().status == 200)
        kept.removeLast()
        #expect(eventually { fixture.server.statistics.openConnections == 3 })
        let next = try fixture.client()
        next.send(get("/hello"))
        #expect(next.reply().status == 200)
    }

    @Test func `refused connections that do not go are cut and others get their tryLock`() throws {
        var limits = Limits()
        limits.connections = 1
        limits.connectionReserve = 2
        limits.refusalTimeout = .milliseconds(200)
        let fixture = try Fixture(limits: limits)
        let first = try fixture.client()
        first.send(get("/hello"))
        #expect(first.reply().status == 200)
        let stubborn = try (0..<6).map { _ in try fixture.client() }
        for client in stubborn {
            let answer = try #require(client.rest())
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
        }
        #expect(fixture.server.statistics.refusals(.connectionLimit) == 6)
        #expect(fixture.server.statistics.openConnections == 1)
    }

    @Test func `bodies beyond the memory limit of all bodies get 503`() throws {
        var limits = Limits()
        limits.bodyBytes = 1000
        limits.bodies = ByteBudget(limit: 1500)
        let fixture = try Fixture(limits: limits)
        let slow = try fixture.client()
        let body = String(repeating: "b", count: 1000)
        slow.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
        slow.send(String(body.dropLast()))
        usleep(100_000)
        let other = try fixture.client()
        other.send(post("/echo", body: body))
        let refusal = other.reply()
        #expect(refusal.status == 503)
        #expect(refusal.header("retry-after") == "1")
        #expect(fixture.server.statistics.refusals(.inFlightBodyBytes) == 1)
        slow.send("b")
        #expect(slow.reply().text == body)
        other.send(post("/echo", body: body))
        #expect(other.reply().text == body)
    }

    private func small() -> Limits {
        var limits = Limits()
        limits.bodyBytes = 1000
        return limits
    }

    @Test func `a body of the limit is taken and one byte more is 413`() throws {
        let fixture = try Fixture(limits: small())
        let client = try fixture.client()
        let body = String(repeating: "b", count: 1000)
        client.send(post("/echo", body: body))
        #expect(client.reply().text == body)
        client.send(post("/echo", body: body + "b") + get("/hello"))
        #expect(client.reply().status == 413)
        #expect(client.reply().text == "hello\n")
        #expect(fixture.server.statistics.refusals(.bodyBytes) == 1)
    }

    @Test func `a client that sends 4 times the limit still reads its 413`() throws {
        let fixture = try Fixture(limits: small())
        let client = try fixture.client()
        client.send(post("/echo", body: String(repeating: "b", count: 4000)))
        #expect(client.reply().status == 413)
        let greedy = try fixture.client()
        greedy.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4001\r\n\r\n")
        let reply = greedy.reply()
        #expect(reply.status == 413)
        #expect(reply.header("connection") == "close")
        #expect(greedy.rest() == "")
    }

    @Test func `chunks are counted`() throws {
        let fixture = try Fixture(limits: small())
        let head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = "1f4\r\n" + String(repeating: "c", count: 500) + "\r\n"
        let client = try fixture.client()
        client.send(head + chunk + chunk + "0\r\n\r\n")
        #expect(client.reply().body.count == 1000)
        client.send(head + chunk + chunk + chunk + "0\r\n\r\n" + get("/hello"))
        #expect(client.reply().status == 413)
        #expect(client.reply().status == 200)
        let endless = try fixture.client()
        endless.send(head)
        for _ in 0..<20 { endless.send(chunk) }
        let answer = try #require(endless.rest())
        #expect(answer.isEmpty)
        #expect(fixture.server.statistics.refusals(.bodyBytes) == 2)
    }

    @Test func `a client that asks before sending too much is refused without 100`() throws {
        let fixture = try Fixture(limits: small())
        let client = try fixture.client()
        client.send(
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n"
                + "Expect: 100-continue\r\n\r\n")
        let answer = try #require(client.rest())
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(!answer.contains(" 100 "))
    }

    @Test func `a large body within the limit comes whole`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        let body = String(repeating: "0123456789abcdef", count: 65536)
        client.send(post("/echo", body: body))
        #expect(client.reply().text == body)
    }
}
