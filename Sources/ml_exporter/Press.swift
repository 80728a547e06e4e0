internal import Exposition
internal import HTTPServer
internal import Host
internal import Kernel
internal import Logging

/// Makes pages out of what the machine and the daemon tell.
struct Press: ~Copyable {
    private var host: Host
    private var about: SelfMetrics.Writer
    private var page: Page
    private var gzip = GzipEncoder()
    private let pages: BufferPool
    private let log: Logger

    init(
        _ collectors: Collectors, _ settings: HostSettings, _ about: SelfMetrics, _ log: Logger,
        _ pages: BufferPool
    ) {
        host = Host(collectors, seriesLimit: settings.seriesLimit, tellsCost: about.isWanted)
        self.about = about.writer()
        page = Page(format: .text, body: Buffer(capacity: 64 << 10))
        self.pages = pages
        self.log = log
    }

    /// The page, or nil as soon as `isWanted` says that nobody waits for it here.
    mutating func response(
        to wish: ScrapeQueue.Wish, by deadlineNanoseconds: UInt64, while isWanted: () -> Bool
    ) -> Response? {
        page.restart(format: wish.format)
        var order = Host.Order()
        order.deadlineNanoseconds = deadlineNanoseconds
        order.collectors = wish.collectors
        let isWhole = host.write(to: &page, order, isCurrent: isWanted) { [log] name, error in
            log.error("collector failed", metadata: ["collector": "\(name)", "err": "\(error)"])
        }
        if !isWhole { return nil }
        about.write(to: &page)
        page.finish()
        var headers = [("Content-Type", page.format.contentType)]
        var body = pages.take()
        if wish.isCompressed {
            headers.append(("Content-Encoding", "gzip"))
            gzip.encode(page.bytes, into: &body)
        } else {
            body.append(page.bytes)
        }
        headers.append(("Vary", "Accept, Accept-Encoding"))
        return Response(status: 200, headers: headers, body: body, returningTo: pages)
    }
}
