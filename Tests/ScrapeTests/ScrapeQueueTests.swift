import Exposition
import HTTP
import Kernel
import Testing

@testable import Scrape

struct ScrapeQueueTests {
    private func waiting(_ client: FakeScraper, isCompressed: Bool = false) -> ScrapeQueue.Waiting {
        ScrapeQueue.Waiting(
            request: ScrapeRequest(format: .text, isCompressed: isCompressed, collectors: nil),
            endNanoseconds: .max, scraper: client)
    }

    private func served(_ queue: ScrapeQueue, by server: Int = 0) -> [FakeScraper]? {
        guard case .serve(let waiting) = queue.next(server) else { return nil }
        return waiting.compactMap { $0.scraper as? FakeScraper }
    }

    @Test func `scrapers with the same request are served together, others after them`() {
        let queue = ScrapeQueue(capacity: 0)
        let (plain, packed, alsoPlain) = (FakeScraper(), FakeScraper(), FakeScraper())
        for (client, isCompressed) in [(plain, false), (packed, true), (alsoPlain, false)] {
            #expect(queue.add(waiting(client, isCompressed: isCompressed)))
        }
        #expect(served(queue) == [plain, alsoPlain])
        #expect(queue.takeServed(by: 0)?.count == 2)
        #expect(served(queue) == [packed])
        #expect(queue.takeServed(by: 0)?.count == 1)
        guard case .wait = queue.next(0) else {
            Issue.record("an empty queue has nothing to serve")
            return
        }
    }

    @Test func `a full queue rejects scrapers until one has been served`() {
        let queue = ScrapeQueue(capacity: 2)
        #expect(queue.add(waiting(FakeScraper())))
        #expect(queue.add(waiting(FakeScraper())))
        #expect(!queue.add(waiting(FakeScraper())))
        // Those whose page is being made count, too.
        #expect(served(queue)?.count == 2)
        #expect(!queue.add(waiting(FakeScraper())))
        _ = queue.takeServed(by: 0)
        #expect(queue.add(waiting(FakeScraper())))
    }

    @Test func `a failover returns unanswered scrapers to the head of the queue`() {
        let queue = ScrapeQueue(capacity: 0)
        let (first, second) = (FakeScraper(), FakeScraper())
        #expect(queue.add(waiting(first)))
        #expect(served(queue) == [first])
        #expect(queue.add(waiting(second, isCompressed: true)))
        #expect(queue.failOver() == 1)
        #expect(!queue.isServing(0) && queue.isServing(1))
        #expect(queue.takeServed(by: 0) == nil)
        guard case .end = queue.next(0) else {
            Issue.record("a thread that was replaced ends")
            return
        }
        #expect(served(queue, by: 1) == [first])
        _ = queue.takeServed(by: 1)
        #expect(served(queue, by: 1) == [second])
    }

    @Test func `the queue ends after its last scraper`() {
        let queue = ScrapeQueue(capacity: 0)
        #expect(queue.add(waiting(FakeScraper())))
        queue.end()
        #expect(served(queue)?.count == 1)
        _ = queue.takeServed(by: 0)
        guard case .end = queue.next(0) else {
            Issue.record("the queue has ended and is empty")
            return
        }
    }
}
