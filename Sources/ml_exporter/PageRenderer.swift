internal import Exposition
internal import Groups
internal import HTTP
internal import Host
internal import Kernel
internal import Logging
internal import Model

/// Makes pages out of what the machine and the daemon tell.
struct PageRenderer: ~Copyable {
    private var host: Host
    private var about: SelfMetrics.Writer
    private let pushState: PushState
    private let tellsAboutItself: Bool
    private let groupMetrics = GroupMetrics()
    private var pushMetrics: PushMetrics
    private let journalMetrics = JournalMetrics()
    /// Whether anybody has pushed. A machine where nobody does pays nothing for what pushes tell.
    private var isUsed = false
    /// When the page's families are noted next: they hardly ever change.
    private var nextNoteNanoseconds: UInt64 = 0
    private var page: Page
    private var gzip = GzipEncoder()
    private let pages: BufferPool
    private let log: Logger

    private static let noteInterval = Duration.seconds(60)

    init(
        _ collectors: Collectors, settings: HostSettings, pushState: PushState,
        about: SelfMetrics, log: Logger, pages: BufferPool
    ) {
        host = Host(collectors, seriesLimit: settings.seriesLimit, tellsCost: about.isWanted)
        self.about = about.writer()
        self.pushState = pushState
        pushMetrics = PushMetrics(pushState.events, requests: pushState.requests)
        tellsAboutItself = about.isWanted
        page = Page(format: .text, body: Buffer(capacity: 64 << 10))
        self.pages = pages
        self.log = log
    }

    /// The page, or nil as soon as `isWanted` says that nobody waits for it here.
    mutating func response(
        to request: ScrapeQueue.ScrapeRequest, by deadlineNanoseconds: UInt64,
        while isWanted: () -> Bool
    ) -> Response? {
        page.restart(format: request.format)
        page.reserveAsBefore()
        let now = Clock.monotonicNanoseconds
        if now >= nextNoteNanoseconds {
            page.notesHosts = true
            nextNoteNanoseconds = now &+ PageRenderer.noteInterval.nanoseconds
        }
        let isShown = pushState.isShown
        if !isUsed { isUsed = pushState.isUsed }
        let showsGroups = isShown && (request.collectors?.contains("groups") ?? true)
        if showsGroups { page.invite(pushState.groups.families()) }
        var order = Host.ScrapeOptions()
        order.deadlineNanoseconds = deadlineNanoseconds
        order.collectors = request.collectors
        let isWhole = host.write(
            to: &page, order: order, isCurrent: isWanted,
            reporting: { [log] name, error in
                log.error(
                    "collector failed", metadata: ["collector": "\(name)", "err": "\(error)"])
            },
            noting: { [log] name, sentence in
                log.warning(
                    "collector complains", metadata: ["collector": "\(name)", "err": "\(sentence)"])
            })
        if !isWhole { return nil }
        if request.tellsAboutDaemon {
            about.write(to: &page)
            if tellsAboutItself { tellAboutPushes() }
        }
        if isShown, isUsed, request.collectors?.contains("models") ?? true {
            pushState.models.write(to: &page)
        }
        page.finish()
        // Whoever pushes a name of the page must give it the page's type.
        if page.notesHosts { pushState.groups.reserve(page.hosts) }
        var headers = [("Content-Type", page.format.contentType)]
        var body = pages.take()
        if request.isCompressed {
            headers.append(("Content-Encoding", "gzip"))
            gzip.encode(page.bytes, into: &body)
        } else {
            // No copy: a large page stands in memory once.
            body = page.takeBody(leaving: body)
        }
        headers.append(("Vary", "Accept, Accept-Encoding"))
        return Response(status: 200, headers: headers, body: body, returningTo: pages)
    }

    private mutating func tellAboutPushes() {
        if isUsed {
            groupMetrics.write(pushState.groups, to: &page)
            pushMetrics.write(to: &page)
        } else {
            pushMetrics.writePresence(to: &page)
        }
        journalMetrics.write(pushState.journal, to: &page, isUsed: isUsed)
    }
}
