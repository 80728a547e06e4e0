import Exposition
import HTTP
import Kernel
import Testing

@testable import Scrape

struct ScrapeQueueTests {
    private func waiting(
        _ scraper: FakeScraper, isCompressed: Bool = false, only collector: String? = nil,
        of client: Int32 = 1, late: UInt64 = 1_000
    ) -> ScrapeQueue.Waiting {
        ScrapeQueue.Waiting(
            request: ScrapeRequest(
                format: .text, isCompressed: isCompressed, collectors: collector.map { [$0] }),
            deadline: ScrapeDeadline(start: 0, end: late * 2_000_000),
            client: ClientKey(process: client), scraper: scraper)
    }

    private func outcome(_ admission: ScrapeQueue.Admission) -> String {
        switch admission {
        case .added: "added"
        case .displaced: "displaced"
        case .full: "full"
        }
    }

    private func served(
        _ queue: ScrapeQueue, by server: Int = 0, in lane: ScrapeQueue.Lane = .whole
    ) -> [FakeScraper]? {
        guard case .serve(let waiting, _) = queue.next(server, in: lane) else { return nil }
        return waiting.compactMap { $0.scraper as? FakeScraper }
    }

    @Test func `scrapers with the same request are served together, others after them`() {
        let queue = ScrapeQueue(capacity: 0)
        let (plain, packed, alsoPlain) = (FakeScraper(), FakeScraper(), FakeScraper())
        for (client, isCompressed) in [(plain, false), (packed, true), (alsoPlain, false)] {
            #expect(outcome(queue.add(waiting(client, isCompressed: isCompressed))) == "added")
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
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 1))) == "added")
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 2))) == "added")
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 3))) == "full")
        // Those whose page is being made count, too.
        #expect(served(queue)?.count == 2)
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 3))) == "full")
        _ = queue.takeServed(by: 0)
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 3))) == "added")
    }

    @Test func `at the limit a client with less than its share takes a place of one with more`() {
        let queue = ScrapeQueue(capacity: 8)
        #expect(queue.clientCapacity == 2)
        let greedy = (0..<8).map { _ in FakeScraper() }
        for (number, scraper) in greedy.enumerated() {
            #expect(
                outcome(
                    queue.add(
                        waiting(scraper, only: "c\(number)", of: 1, late: 100 + UInt64(number))))
                    == "added")
        }
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 1))) == "full")
        for displaced in [7, 6] {
            guard case .displaced(let waiting) = queue.add(waiting(FakeScraper(), of: 2)) else {
                Issue.record("a place was not given")
                return
            }
            #expect(waiting.scraper as? FakeScraper == greedy[displaced])
        }
        // That client has its share now.
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 2))) == "full")
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 3))) == "displaced")
        // What is being served is not given up.
        #expect(served(queue)?.count == 1)
        #expect(queue.moveLate(105_000_000).server == 1)
        #expect(outcome(queue.add(waiting(FakeScraper(), of: 4))) == "full")
    }

    @Test func `clients take turns, however many scrapers one of them has`() {
        let queue = ScrapeQueue(capacity: 0)
        let greedy = (0..<5).map { _ in FakeScraper() }
        for (number, scraper) in greedy.enumerated() {
            #expect(outcome(queue.add(waiting(scraper, only: "c\(number)", of: 1))) == "added")
        }
        #expect(served(queue) == [greedy[0]])
        let modest = FakeScraper()
        #expect(outcome(queue.add(waiting(modest, only: "other", of: 2))) == "added")
        _ = queue.takeServed(by: 0)
        #expect(served(queue) == [modest])
        _ = queue.takeServed(by: 0)
        #expect(served(queue) == [greedy[1]])
    }

    @Test func `late scrapers move to the other lane, and its thread ends with them`() {
        let queue = ScrapeQueue(capacity: 0)
        let (hasty, patient, behind) = (FakeScraper(), FakeScraper(), FakeScraper())
        for (scraper, late) in [(hasty, 100), (patient, 1_000)] as [(FakeScraper, UInt64)] {
            #expect(outcome(queue.add(waiting(scraper, late: late))) == "added")
        }
        #expect(served(queue) == [hasty, patient])
        #expect(outcome(queue.add(waiting(behind, isCompressed: true, late: 200))) == "added")
        #expect(queue.nextLate == 100_000_000)
        #expect(queue.moveLate(90_000_000) == (nil, 100_000_000))
        #expect(queue.moveLate(200_000_000) == (1, 1_000_000_000))
        // The whole page is still made for the one that can wait.
        #expect(queue.isWanted(0))
        #expect(queue.takeServed(by: 0)?.count == 1)
        #expect(!queue.isWanted(0))
        #expect(served(queue, by: 1, in: .late) == [hasty])
        #expect(queue.isWanted(1, in: .late))
        #expect(queue.failOver(.late) == 2)
        #expect(queue.takeServed(by: 1, in: .late) == nil)
        #expect(served(queue, by: 2, in: .late) == [hasty])
        _ = queue.takeServed(by: 2, in: .late)
        #expect(served(queue, by: 2, in: .late) == [behind])
        _ = queue.takeServed(by: 2, in: .late)
        guard case .end = queue.next(2, in: .late) else {
            Issue.record("a lane without scrapers has no thread")
            return
        }
        #expect(queue.isEmpty)
    }

    @Test func `a failover returns unanswered scrapers to the head of the queue`() {
        let queue = ScrapeQueue(capacity: 0)
        let (first, second) = (FakeScraper(), FakeScraper())
        #expect(outcome(queue.add(waiting(first))) == "added")
        #expect(served(queue) == [first])
        #expect(outcome(queue.add(waiting(second, isCompressed: true))) == "added")
        #expect(queue.failOver() == 1)
        #expect(!queue.isWanted(0) && queue.server(of: .whole) == 1)
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
        #expect(outcome(queue.add(waiting(FakeScraper()))) == "added")
        queue.end()
        #expect(served(queue)?.count == 1)
        _ = queue.takeServed(by: 0)
        guard case .end = queue.next(0) else {
            Issue.record("the queue has ended and is empty")
            return
        }
    }
}
