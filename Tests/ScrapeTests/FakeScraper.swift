import HTTP
import Kernel

@testable import Scrape

/// A client without a connection: records the status of its answer.
final class FakeScraper: Scraper, Equatable {
    private struct State {
        var status: Int?
        var bodyBytes = 0
        var isAbandoned = false
    }

    private let state = LockedValue(State())

    var status: Int? { state.withLock { $0.status } }

    var bodyBytes: Int { state.withLock { $0.bodyBytes } }

    var isAbandoned: Bool {
        get { state.withLock { $0.isAbandoned } }
        set { state.withLock { $0.isAbandoned = newValue } }
    }

    func answer(_ response: borrowing Response) {
        let (status, bytes) = (response.status, response.bodyBytes)
        state.withLock {
            $0.status = status
            $0.bodyBytes = bytes
        }
    }

    /// Waits for the answer, at most so long; returns its status.
    func wait(atMost limit: Duration = .seconds(10)) -> Int? {
        let end = Clock.monotonicNanoseconds &+ limit.nanoseconds
        while Clock.monotonicNanoseconds < end {
            if let status { return status }
            sleepBriefly()
        }
        return status
    }

    static func == (one: FakeScraper, other: FakeScraper) -> Bool { one === other }
}
