import Glibc
import HTTP
import Kernel
import Testing

/// Clients that do not read large responses.
@Suite(.blockingThreads) struct HeldResponsesTests {
    /// Larger than what the socket's buffers of both sides take.
    private static let pageBytes = 8 << 20

    private let pool = BufferPool(initialCapacity: 16 << 10, keptBytes: 0)

    private func fixture(_ held: HeldResponses) throws -> Fixture {
        let pool = pool
        return try Fixture(
            held: held,
            routes: [
                Route("/large") { _ in
                    var page = pool.take()
                    page.append([UInt8](repeating: 0x61, count: HeldResponsesTests.pageBytes))
                    return Response(status: 200, body: page, returningTo: pool)
                }
            ])
    }

    private func slowReader(_ fixture: Fixture, host: UInt32) throws -> Client {
        let client = try fixture.client(host: host, receiveBytes: 4096)
        client.send(get("/large"))
        return client
    }

    @Test func `one response fits however large it is, and a second one does not`() throws {
        let held = HeldResponses(limitBytes: HeldResponsesTests.pageBytes / 2)
        let fixture = try fixture(held)
        let slow = try slowReader(fixture, host: 1)
        #expect(eventually { held.bytes == HeldResponsesTests.pageBytes })
        let second = try fixture.client(host: 1)
        second.send(get("/large"))
        let reply = second.reply()
        // Or the slow reader was cut for it, if it had its time already.
        let wasCut = fixture.server.statistics.refusals(.slowReader) == 1
        #expect(reply.status == (wasCut ? 200 : 503))
        if !wasCut {
            #expect(reply.header("retry-after") == "1")
            #expect(reply.text.contains("\(held.limitBytes) bytes"))
            #expect(fixture.server.statistics.refusals(.heldResponses) == 1)
        }
        withExtendedLifetime(slow) {}
    }

    @Test func `a client with more than its share is cut for one with less`() throws {
        let held = HeldResponses(limitBytes: HeldResponsesTests.pageBytes * 4)
        let fixture = try fixture(held)
        let modest = try slowReader(fixture, host: 2)
        #expect(eventually { held.bytes == HeldResponsesTests.pageBytes })
        let greedy = try (2...4).map { number in
            let client = try slowReader(fixture, host: 1)
            #expect(eventually { held.bytes == HeldResponsesTests.pageBytes * number })
            return client
        }
        usleep(400_000)
        let third = try fixture.client(host: 3)
        third.send(get("/large"))
        #expect(third.reply().body.count == HeldResponsesTests.pageBytes)
        #expect(fixture.server.statistics.refusals(.slowReader) == 1)
        // Not the one that began first.
        #expect(modest.reply().body.count == HeldResponsesTests.pageBytes)
        #expect(greedy[0].rest() != nil)
        for client in greedy[1...] {
            #expect(client.reply().body.count == HeldResponsesTests.pageBytes)
        }
    }

    @Test func `slow readers are cut when responses get short, those that began first`() throws {
        let held = HeldResponses(limitBytes: HeldResponsesTests.pageBytes * 5 / 2)
        let fixture = try fixture(held)
        let slow = try (1...2).map { host in
            let client = try slowReader(fixture, host: UInt32(host))
            #expect(eventually { held.bytes == HeldResponsesTests.pageBytes * host })
            return client
        }
        // They have had their time when the third one comes.
        usleep(400_000)
        let third = try fixture.client(host: 3)
        third.send(get("/large"))
        #expect(third.reply().body.count == HeldResponsesTests.pageBytes)
        #expect(fixture.server.statistics.refusals(.slowReader) == 1)
        #expect(eventually { pool.taken == 1 })
        // The second one gets the rest when it reads.
        #expect(slow[1].reply().body.count == HeldResponsesTests.pageBytes)
        #expect(eventually { held.bytes == 0 })
        #expect(eventually { pool.taken == 0 })
    }

    @Test func `a response that many connections share counts once`() throws {
        let held = HeldResponses(limitBytes: HeldResponsesTests.pageBytes * 2)
        let fixture = try fixture(held)
        let clients = try (0..<6).map { number in
            let client = try fixture.client(host: UInt32(1 + number % 2), receiveBytes: 4096)
            client.send(get("/later"))
            return client
        }
        #expect(eventually { fixture.waiting.count == 6 })
        do {
            var page = pool.take()
            page.append([UInt8](repeating: 0x62, count: HeldResponsesTests.pageBytes))
            fixture.waiting.answerAll(Response(status: 200, body: page, returningTo: pool))
        }
        #expect(held.bytes == HeldResponsesTests.pageBytes)
        for client in clients {
            #expect(client.reply().body.count == HeldResponsesTests.pageBytes)
        }
        #expect(eventually { held.bytes == 0 && pool.taken == 0 })
        #expect(fixture.server.statistics.refusals(.heldResponses) == 0)
    }

    @Test func `a client that is gone holds nothing`() throws {
        let held = HeldResponses(limitBytes: HeldResponsesTests.pageBytes * 2)
        let fixture = try fixture(held)
        for _ in 0..<6 {
            do {
                let client = try slowReader(fixture, host: 1)
                #expect(eventually { held.bytes > 0 })
                client.reset()
            }
            #expect(eventually { held.bytes == 0 })
        }
        #expect(eventually { pool.taken == 0 })
    }
}
