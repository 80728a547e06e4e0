import Testing

@testable import Intake

struct RateLimiterTests {
    @Test func `a burst is admitted and then so many a second`() {
        let limiter = RateLimiter(perSecond: 10, burst: 20)
        var now: UInt64 = 5_000_000_000
        #expect((0..<30).count { _ in limiter.admits(1, now: now) } == 20)
        #expect(limiter.admits(2, now: now))
        now += 1_000_000_000
        #expect((0..<30).count { _ in limiter.admits(1, now: now) } == 10)
        now += 60_000_000_000
        #expect((0..<30).count { _ in limiter.admits(1, now: now) } == 20)
    }

    @Test func `without a rate no push is refused`() {
        let limiter = RateLimiter(perSecond: 0, burst: 0)
        #expect((0..<10_000).allSatisfy { _ in limiter.admits(1, now: 1) })
    }
}
