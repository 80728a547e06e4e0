import Glibc
import HTTP
import Kernel
import Testing

@Suite(.blockingThreads) struct LimitTests {
    private func few(_ connections: Int, perClient: Int? = nil) -> Limits {
        var limits = Limits()
        limits.connections = connections
        limits.connectionReserve = 4
        limits.connectionsPerClient = perClient ?? connections + 1
        return limits
    }

    @Test func `connections beyond the limit get 503 while all others have a request`() throws {
        let fixture = try Fixture(limits: few(4))
        let waiting = try (0..<4).map { _ in try fixture.client() }
        for client in waiting { client.send(get("/later")) }
        #expect(eventually { fixture.waiting.count == 4 })
        for _ in 0..<10 {
            let refused = try fixture.client()
            refused.send(get("/hello"))
            let answer = try #require(refused.rest())
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.contains("too many connections: limit 4\n"))
            #expect(answer.contains("X-Content-Type-Options: nosniff\r\n"))
        }
        #expect(fixture.server.statistics.refusals(.connectionLimit) == 10)
        #expect(fixture.server.statistics.openConnections == 4)
        fixture.waiting.answerAll(Response(status: 200, body: "late"))
        for client in waiting { #expect(client.reply().text == "late") }
        let next = try fixture.client()
        next.send(get("/hello"))
        #expect(next.reply().status == 200)
    }

    @Test func `at the limit the longest idle connection is closed for a new one`() throws {
        let fixture = try Fixture(limits: few(4))
        /// Sends a request and waits until the server has seen its end, which the client may see earlier.
        func use(_ client: Client) {
            client.send(get("/hello"))
            #expect(client.reply().status == 200)
            for _ in 0..<2_000 where fixture.server.statistics.activeRequests > 0 { usleep(1_000) }
            #expect(fixture.server.statistics.activeRequests == 0)
        }
        var idle: [Client] = []
        for _ in 0..<4 {
            let client = try fixture.client()
            use(client)
            idle.append(client)
        }
        // The first one is used again, so that the second has been idle for the longest time.
        use(idle[0])
        for expected in [1, 2, 3] {
            let client = try fixture.client()
            use(client)
            #expect(idle[expected].rest() == "")
            idle.append(client)
        }
        use(idle[0])
        #expect(fixture.server.statistics.refusals(.evicted) == 3)
        #expect(fixture.server.statistics.refusals(.connectionLimit) == 0)
        #expect(fixture.server.statistics.openConnections == 4)
    }

    @Test func `half a header or half a body makes way for a new connection after a while`() throws
    {
        var limits = few(2)
        limits.headerTimeout = .seconds(4)
        limits.bodyTimeout = .seconds(4)
        let fixture = try Fixture(limits: limits)
        let header = try fixture.client()
        header.send("GET /hello HTTP/1.1\r\nHost: h\r\n")
        let body = try fixture.client()
        body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n1")
        var served = 0
        // Until then new ones are refused.
        #expect(
            eventually {
                guard let client = try? fixture.client() else { return false }
                client.send(get("/hello", more: "Connection: close\r\n"))
                served += client.reply().status == 200 ? 1 : 0
                return served >= 3
            })
        #expect(fixture.server.statistics.refusals(.evicted) >= 1)
    }

    @Test func `a client has a share of the connections, whatever others have`() throws {
        let fixture = try Fixture(limits: few(8, perClient: 2))
        // As long as there are enough, one may have them all.
        let greedy = try (0..<8).map { _ in try fixture.client(host: 1) }
        for client in greedy { client.send("GET /hello HTTP/1.1\r\n") }
        #expect(eventually { fixture.server.statistics.openConnections == 8 })
        let refused = try fixture.client(host: 1)
        let answer = try #require(refused.rest())
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains("too many connections: limit 8, 2 of one client\n"))
        var others: [Client] = []
        for host in 2...4 {
            for _ in 0..<2 {
                let client = try fixture.client(host: UInt32(host))
                client.send(get("/hello"))
                #expect(client.reply().status == 200)
                others.append(client)
            }
        }
        #expect(fixture.server.statistics.refusals(.evicted) == 6)
        #expect(greedy.count { $0.staysOpen(milliseconds: 20) } == 2)
        for client in others {
            client.send(get("/hello"))
            #expect(client.reply().status == 200)
        }
    }

    @Test func `a client that is sent to gives place to one with less than its share`() throws {
        let fixture = try Fixture(
            limits: few(4, perClient: 1),
            routes: [
                Route("/large") { _ in
                    Response(status: 200, body: [UInt8](repeating: 0x61, count: 8 << 20))
                }
            ])
        let greedy = try (0..<4).map { _ in try fixture.client(host: 1, receiveBytes: 4096) }
        for client in greedy { client.send(get("/large")) }
        #expect(eventually { fixture.server.statistics.answers(status: 200) == 4 })
        let other = try fixture.client(host: 2)
        other.send(get("/hello"))
        #expect(other.reply().status == 200)
        #expect(fixture.server.statistics.refusals(.evicted) == 1)
    }

    @Test func `clients of the loopback interface may share all connections`() throws {
        var limits = few(8, perClient: 2)
        limits.limitsLoopbackClients = false
        let fixture = try Fixture(limits: limits)
        let clients = try (0..<8).map { _ in try fixture.client() }
        for client in clients { client.send(get("/later")) }
        #expect(eventually { fixture.waiting.count == 8 })
        fixture.waiting.answerAll(Response(status: 200, body: "late"))
        for client in clients { #expect(client.reply().text == "late") }
    }

    @Test func `any mix of clients ends with no connection counted`() throws {
        var generator = SeededGenerator(seed: 20_26)
        let fixture = try Fixture(limits: few(6, perClient: 3))
        var clients: [Client] = []
        for _ in 0..<150 {
            let client = try fixture.client(host: UInt32.random(in: 1...4, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: client.send("GET /hello HTTP/1.1\r\n")
            case 1: client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
            case 2: client.send(get("/hello"))
            case 3: client.finishSending()
            default: break
            }
            clients.append(client)
            if clients.count > 10 {
                clients.remove(at: Int.random(in: 0..<clients.count, using: &generator))
            }
            #expect(fixture.server.statistics.openConnections <= 6)
        }
        clients.removeAll()
        #expect(eventually { fixture.server.statistics.acceptedConnections == 150 })
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
        #expect(eventually { fixture.server.statistics.activeRequests == 0 })
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
    }

    @Test func `refused connections that do not go are cut and others get their tryLock`() throws {
        var limits = Limits()
        limits.connections = 1
        limits.connectionReserve = 2
        limits.refusalTimeout = .milliseconds(200)
        let fixture = try Fixture(limits: limits)
        let first = try fixture.client()
        first.send(get("/later"))
        #expect(eventually { fixture.waiting.count == 1 })
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
