internal import Kernel

/// When a page must be ready, and when it counts as late. Times are nanoseconds of the monotonic
/// clock.
package struct ScrapeDeadline: Equatable {
    /// The timeout of a scraper that sends none: Prometheus's `scrape_timeout` by default.
    static let defaultTimeoutSeconds = 10.0
    /// The part of the timeout that is kept for sending the response, at most a quarter of it.
    static let responseSeconds = 0.5
    /// Timeouts beyond this are not believed: the header is a client's, and a scraper that waits is
    /// kept in the queue.
    static let longestTimeoutSeconds = 3600.0
    /// The least time that a page gets, however little its scrapers have left: a failover after less
    /// than this would replace threads that do not hang.
    static let shortestPage = Duration.milliseconds(50)

    /// When the first of the scrapers stops waiting.
    let end: UInt64
    /// When the page is late. Half of the time is left then to make it without the collector that
    /// hangs.
    let late: UInt64
    /// What collectors may wait until.
    var collectors: UInt64 { max(end, late) }

    /// The deadline of a page begun at `start` for scrapers that wait until `ends`.
    init(start: UInt64, ends: [UInt64]) {
        end = ends.min() ?? .max
        let left = end > start ? end &- start : 0
        late = start &+ max(left / 2, ScrapeDeadline.shortestPage.nanoseconds)
    }

    /// When a page requested at `now` must be ready. `timeout` is the header
    /// `X-Prometheus-Scrape-Timeout-Seconds`, in seconds; a value that is not a number between 0 and
    /// 3600 counts as missing.
    package static func end(timeout: Span<UInt8>?, now: UInt64) -> UInt64 {
        var seconds = defaultTimeoutSeconds
        if let timeout {
            var cursor = Cursor(timeout)
            if let value = cursor.decimal(), cursor.isAtEnd, value > 0,
                value <= longestTimeoutSeconds
            {
                seconds = value
            }
        }
        let usable = seconds - min(responseSeconds, seconds / 4)
        return now &+ UInt64(usable * 1e9)
    }
}
