import Glibc
import HTTP
import Kernel
import Testing

@Suite(.blockingThreads) struct SuspensionTests {
    @Test func `another thread answers and the connection stays`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        for round in 0..<5 {
            client.send(get("/later"))
            #expect(eventually { fixture.waiting.count == 1 })
            #expect(fixture.server.statistics.suspendedRequests == 1)
            fixture.waiting.answerAll(Response(status: 200, body: "round \(round)"))
            #expect(client.reply().text == "round \(round)")
        }
        #expect(fixture.server.statistics.suspendedRequests == 0)
    }

    @Test func `several requests share one answer and its buffer comes back once`() throws {
        let fixture = try Fixture()
        let pool = BufferPool(initialCapacity: 1024, keptBytes: 1 << 20)
        let clients = try (0..<8).map { _ in try fixture.client() }
        for client in clients { client.send(get("/later")) }
        #expect(eventually { fixture.waiting.count == 8 })
        var page = pool.take()
        page.append("one page for all")
        do {
            let response = Response(status: 200, body: page, returningTo: pool)
            fixture.waiting.answerAll(response)
        }
        for client in clients { #expect(client.reply().text == "one page for all") }
        #expect(eventually { pool.taken == 0 })
    }

    @Test func `a request that is dropped is answered 500`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(get("/dropped") + get("/hello"))
        #expect(client.reply().status == 500)
        #expect(client.reply().status == 200)
    }

    @Test func `an answer for a client that has gone away is released`() throws {
        let fixture = try Fixture()
        let pool = BufferPool(initialCapacity: 1024, keptBytes: 1 << 20)
        for isReset in [true, false, true, false] {
            do {
                let client = try fixture.client()
                client.send(get("/later"))
                #expect(eventually { fixture.waiting.count == 1 })
                if isReset { client.reset() }
            }
            var page = pool.take()
            for _ in 0..<100_000 { page.append("no client reads this") }
            fixture.waiting.answerAll(Response(status: 200, body: page, returningTo: pool))
            #expect(eventually { fixture.server.statistics.openConnections == 0 })
        }
        #expect(eventually { pool.taken == 0 })
        #expect(fixture.server.statistics.activeRequests == 0)
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().status == 200)
    }

    @Test func `a pending request with a body is answered before the pipelined next`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(post("/later", body: "body") + get("/hello"))
        #expect(eventually { fixture.waiting.count == 1 })
        #expect(client.staysOpen(milliseconds: 50))
        fixture.waiting.answerAll(Response(status: 202))
        #expect(client.reply().status == 202)
        #expect(client.reply().text == "hello\n")
    }

    @Test func `many threads answer while clients come and go`() throws {
        let fixture = try Fixture(routes: [
            Route("/now") { _, pending in pending.answer(Response(status: 200, body: "now")) }
        ])
        for _ in 0..<100 {
            let client = try fixture.client()
            client.send(get("/now") + get("/now"))
            #expect(client.reply().text == "now")
            #expect(client.reply().text == "now")
        }
    }
}
