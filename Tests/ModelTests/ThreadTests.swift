import Kernel
import Observation
import Synchronization
import Testing

@testable import Model

struct ThreadTests {
    @Test func `eight threads push, a page is made, and every number is exact`() throws {
        let models = Models()
        let (threads, pushes) = (8, 500)
        final class Flag: Sendable {
            let isSet = Atomic<Bool>(false)
        }
        let done = Flag()
        let scraper = try Worker("scraper") {
            var last = 0
            while !done.isSet.load(ordering: .acquiring) {
                let line = models.samples("ml_requests_total").first ?? " 0"
                let value = Int(line.split(separator: " ").last ?? "") ?? -1
                precondition(value >= last, "a counter went down")
                last = value
            }
        }
        func start(_ thread: Int) throws -> Worker {
            try Worker("pusher") {
                var push = Push()
                for number in 0..<pushes {
                    push.add {
                        $0.seconds = [(0.25, 1)]
                        $0.features = [("amount", .number(Double(number)))]
                        $0.variant = ""
                    }
                    push.add {
                        $0.version = "\(number % 4)"
                        $0.model = "thread \(thread)"
                        $0.outcome = .timeout
                    }
                    _ = push.send(to: models, from: UInt64(thread))
                }
            }
        }
        try join(0, count: threads, start: start)
        done.isSet.store(true, ordering: .releasing)
        scraper.join()
        let labels = #"model="fraud",version="3""#
        let total = "\(threads * pushes)"
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" " + total))
        #expect(models.value("ml_request_duration_seconds_count{\(labels)}") == total)
        #expect(
            models.value("ml_request_duration_seconds_sum{\(labels)}")
                == "\(threads * pushes / 4)")
        #expect(
            models.value(#"ml_feature_rows_total{feature="amount",\#(labels)}"#) == total)
        let rest = models.list.dropFirst().reduce(0) { $0 + $1.rows }
        #expect(rest == threads * pushes)
    }

    /// Starts all, then waits for all: workers cannot stand in an array.
    private func join(
        _ thread: Int, count: Int, start: (Int) throws -> Worker
    ) throws {
        if thread == count { return }
        let worker = try start(thread)
        try join(thread + 1, count: count, start: start)
        worker.join()
    }
}
