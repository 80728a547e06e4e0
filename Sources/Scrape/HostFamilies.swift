package import Exposition
package import Host
internal import Kernel
package import Logging

/// The collectors' families, those about the collectors, and the families of text files.
package final class HostFamilies: FamilyOwner {
    private var host: Host
    private let log: Logger

    package init(
        _ collectors: Collectors, running: RunningCollector, seriesLimit: Int,
        includesCollectorMetrics: Bool,
        log: Logger
    ) {
        host = Host(
            collectors, running: running, seriesLimit: seriesLimit,
            includesCollectorMetrics: includesCollectorMetrics)
        self.log = log
    }

    package func write(to page: inout Page, scrape: PageContext) -> Bool {
        var options = Host.ScrapeOptions()
        options.deadlineNanoseconds = scrape.deadlineNanoseconds
        options.collectors = scrape.request.collectors
        return host.write(
            to: &page, options: options, isCurrent: { scrape.isWanted },
            reporting: { [log] name, error in
                // The thread of late scrapers does not know what earlier pages have reported.
                if scrape.isLate { return }
                log.error(
                    "collector failed", metadata: ["collector": "\(name)", "err": "\(error)"])
            },
            noting: { [log] name, sentence in
                if scrape.isLate { return }
                log.warning(
                    "collector warning",
                    metadata: ["collector": "\(name)", "err": "\(sentence)"])
            })
    }

    package func renderedFamilies(for scrape: PageContext) -> FamilySource? { host.textFiles }
}
