package import Synchronization

/// Scrapes that got no page, by reason, since the start.
package final class RefusedScrapes: Sendable {
    /// Answered 503 because too many scrapers waited.
    package let maxRequests = Atomic<UInt64>(0)
    /// Answered 503 because too many scrapers waited, most of them of the same client, and one of another
    /// client came.
    package let clientMaxRequests = Atomic<UInt64>(0)
    /// Given up because the client closed the connection.
    package let abandoned = Atomic<UInt64>(0)

    package init() {}
}
