import Kernel
import Testing

@testable import Scrape

struct WatchdogTests {
    @Test func `rare scrapes set the timer and clear it after the page`() {
        var watchdog = Watchdog()
        #expect(watchdog.pageBegins(at: 1_000, late: 1_500) == .set(1_500))
        #expect(watchdog.pageEnds() == .clear)
        #expect(watchdog.pageBegins(at: 5_000, late: 5_500) == .set(5_500))
        #expect(watchdog.pageEnds() == .clear)
    }

    @Test func `frequent scrapes leave the timer as it is`() {
        var watchdog = Watchdog()
        #expect(watchdog.pageBegins(at: 1_000, late: 1_500) == .set(1_500))
        #expect(watchdog.pageEnds() == .clear)
        #expect(watchdog.pageBegins(at: 1_100, late: 1_600) == .set(1_600))
        #expect(watchdog.pageEnds() == .none)
        for start in stride(from: 1_200, to: 1_600, by: 100) as StrideTo<UInt64> {
            #expect(watchdog.pageBegins(at: start, late: start + 500) == .none)
            #expect(watchdog.pageEnds() == .none)
        }
    }

    @Test func `a timer that fires between pages stays off until the next page`() {
        var watchdog = Watchdog()
        _ = watchdog.pageBegins(at: 1_000, late: 1_500)
        _ = watchdog.pageEnds()
        _ = watchdog.pageBegins(at: 1_100, late: 1_600)
        #expect(watchdog.pageEnds() == .none)
        #expect(watchdog.timerFires(at: 1_600) == (false, .none))
        #expect(watchdog.pageBegins(at: 1_650, late: 2_150) == .set(2_150))
    }

    @Test func `a timer that fires during a page in time is set for that page`() {
        var watchdog = Watchdog()
        _ = watchdog.pageBegins(at: 1_000, late: 1_500)
        _ = watchdog.pageEnds()
        _ = watchdog.pageBegins(at: 1_100, late: 1_600)
        _ = watchdog.pageEnds()
        #expect(watchdog.pageBegins(at: 1_550, late: 2_050) == .none)
        #expect(watchdog.timerFires(at: 1_600) == (false, .set(2_050)))
        #expect(watchdog.timerFires(at: 2_050) == (true, .none))
    }

    @Test func `a page with an earlier deadline than the timer's sets it`() {
        var watchdog = Watchdog()
        _ = watchdog.pageBegins(at: 1_000, late: 1_500)
        _ = watchdog.pageEnds()
        _ = watchdog.pageBegins(at: 1_100, late: 1_900)
        _ = watchdog.pageEnds()
        #expect(watchdog.pageBegins(at: 1_200, late: 1_250) == .set(1_250))
    }

    @Test func `a scraper that arrives during a page sets the timer if it is late before`() {
        var watchdog = Watchdog()
        #expect(watchdog.scraperArrives(late: 1_000) == .none)
        #expect(watchdog.pageBegins(at: 1_000, late: 5_000) == .set(5_000))
        #expect(watchdog.scraperArrives(late: 6_000) == .none)
        #expect(watchdog.scraperArrives(late: 1_200) == .set(1_200))
        #expect(watchdog.timerFires(at: 1_200) == (true, .none))
    }

    @Test func `the page of late scrapers keeps the timer when the other page ends`() {
        var watchdog = Watchdog()
        _ = watchdog.pageBegins(at: 1_000, late: 5_000)
        #expect(watchdog.secondPageBegins(late: 3_000) == .set(3_000))
        #expect(watchdog.pageEnds() == .none)
        #expect(watchdog.timerFires(at: 3_000) == (true, .none))
        #expect(watchdog.checked(late: nil, secondLate: 3_500) == .set(3_500))
        watchdog.secondPageEnds()
        #expect(watchdog.timerFires(at: 3_500) == (false, .none))
    }

    @Test func `after a check the timer is set for the page that is late first`() {
        var watchdog = Watchdog()
        _ = watchdog.pageBegins(at: 1_000, late: 1_500)
        #expect(watchdog.timerFires(at: 1_500) == (true, .none))
        #expect(watchdog.checked(late: 4_000, secondLate: 2_000) == .set(2_000))
        #expect(watchdog.timerFires(at: 2_000) == (true, .none))
        #expect(watchdog.checked(late: nil, secondLate: nil) == .none)
    }
}

struct ScrapeDeadlineTests {
    private func deadline(_ header: String?) -> ScrapeDeadline {
        let text = header.map { Array($0.utf8) }
        return ScrapeDeadline(timeout: text?.span, now: 0)
    }

    private func seconds(_ header: String?) -> Double { Double(deadline(header).end) / 1e9 }

    @Test func `a page is ready half a second before the scraper's timeout`() {
        #expect(seconds("10") == 9.5)
        #expect(seconds("15.5") == 15)
    }

    @Test func `of a short timeout a quarter is kept for the response`() {
        #expect(seconds("1") == 0.75)
    }

    @Test(arguments: ["0.5", "0.1", "0.001", "1e-9"])
    func `a timeout of less than half a second is taken for that`(header: String) {
        #expect(seconds(header) == 0.375)
        #expect(deadline(header).late == 187_500_000)
    }

    @Test(arguments: [nil, "", "x", "-1", "0", "3601", "1e9", "10s", "nan", "10 "] as [String?])
    func `a header without a number up to an hour counts as missing`(header: String?) {
        #expect(seconds(header) == 9.5)
    }

    @Test func `a page is late when half of the scraper's time is over`() {
        let deadline = ScrapeDeadline(start: 1_000_000_000, end: 5_000_000_000)
        #expect(deadline.end == 5_000_000_000)
        #expect(deadline.late == 3_000_000_000)
    }

    @Test func `a page whose scraper is out of time still gets 50 milliseconds`() {
        let deadline = ScrapeDeadline(start: 2_000_000_000, end: 1_000_000_000)
        #expect(deadline.late == 2_050_000_000)
    }
}
