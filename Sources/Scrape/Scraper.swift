package import HTTP
internal import Kernel

/// A client that waits for a page.
package protocol Scraper: AnyObject, Sendable {
    /// Whether the client has closed its side of the connection and no longer waits.
    var isAbandoned: Bool { get }

    /// Sends the response. Called at most once.
    func answer(_ response: borrowing Response)
}

/// A scraper at the other end of an HTTP connection.
final class HTTPScraper: Scraper, @unchecked Sendable {
    // Only the thread that has taken the scraper out of the queue answers; `isAbandoned` is asked by
    // the thread that makes its page, which is the same one.
    private var pending: PendingResponse?

    init(_ pending: consuming PendingResponse) {
        self.pending = consume pending
    }

    var isAbandoned: Bool { pending?.isAbandoned ?? true }

    func answer(_ response: borrowing Response) {
        pending.take()?.answer(response)
    }
}

/// Waits for the page that is made before the first scrape.
final class FirstPageScraper: Scraper {
    // Rung by the scrape thread, waited for by the thread that starts the daemon.
    let made: EventFD

    init() throws(KernelError) {
        made = try EventFD()
    }

    var isAbandoned: Bool { false }

    func answer(_ response: borrowing Response) {
        made.signal()
    }
}
