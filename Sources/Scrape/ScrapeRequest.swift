package import Exposition
package import HTTP
internal import Kernel

/// What a scraper asks for. Scrapers with equal requests share one page.
package struct ScrapeRequest: Equatable, Sendable {
    package let format: Format
    package let isCompressed: Bool
    /// The names of the collectors and of the pushed parts (`groups`, `models`) that are written, or
    /// nil for all.
    package let collectors: Set<String>?

    package init(format: Format, isCompressed: Bool, collectors: Set<String>?) {
        self.format = format
        self.isCompressed = isCompressed
        self.collectors = collectors
    }

    /// Reads the format and the compression from the headers.
    package init(
        _ request: borrowing Request, collectors: Set<String>?, offersProtobuf: Bool = false
    ) {
        self.init(
            format: Negotiation.format(
                accept: request.header("accept"), offersProtobuf: offersProtobuf),
            isCompressed: AcceptEncoding.acceptsGzip(request.header("accept-encoding")),
            collectors: collectors)
    }

    /// Whether the page has the part with this name.
    package func includes(_ name: String) -> Bool { collectors?.contains(name) ?? true }

    /// Whether the page has the daemon's own metrics. Groups alone are shown as Pushgateway shows
    /// them: their labels are the pushers' and may collide with ours.
    package var includesDaemon: Bool { collectors != ["groups"] }
}
