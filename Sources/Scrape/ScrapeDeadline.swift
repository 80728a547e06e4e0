internal import Kernel

/// When a scraper must have its page, and when it stops waiting for a slow collector. Times are
/// nanoseconds of the monotonic clock.
package struct ScrapeDeadline: Equatable, Sendable {
    /// The timeout of a scraper that sends none: Prometheus's `scrape_timeout` by default.
    static let defaultTimeoutSeconds = 10.0
    /// The part of the timeout that is kept for sending the response, at most a quarter of it.
    static let responseSeconds = 0.5
    /// Timeouts beyond this are not believed: the header is a client's, and a scraper that waits is
    /// kept in the queue.
    static let longestTimeoutSeconds = 3600.0
    /// Shorter timeouts are taken for this one: no Prometheus scrapes in less, and each page without a
    /// slow collector costs a further one with it.
    package static let shortestTimeout = Duration.milliseconds(500)
    /// The least time that a page gets, however little its scrapers have left.
    static let shortestPage = Duration.milliseconds(50)

    /// When the scraper stops waiting.
    let end: UInt64
    /// When a page that is still being made is late: half of the time is left then to make one without
    /// the collector that it waits for.
    let late: UInt64

    /// The deadline of a scraper that waits from `start` until `end`.
    init(start: UInt64, end: UInt64) {
        let left = end > start ? end &- start : 0
        self.end = end
        late = start &+ max(left / 2, ScrapeDeadline.shortestPage.nanoseconds)
    }

    /// The deadline of a scraper that asked at `now`. `timeout` is the header
    /// `X-Prometheus-Scrape-Timeout-Seconds`, in seconds; a value that is not a number between 0 and
    /// 3600 counts as missing.
    package init(timeout: Span<UInt8>?, now: UInt64) {
        var seconds = ScrapeDeadline.defaultTimeoutSeconds
        if let timeout {
            var cursor = Cursor(timeout)
            if let value = cursor.decimal(), cursor.isAtEnd, value > 0,
                value <= ScrapeDeadline.longestTimeoutSeconds
            {
                seconds = max(value, ScrapeDeadline.shortestTimeout.seconds)
            }
        }
        let usable = seconds - min(ScrapeDeadline.responseSeconds, seconds / 4)
        self.init(start: now, end: now &+ UInt64(usable * 1e9))
    }
}
