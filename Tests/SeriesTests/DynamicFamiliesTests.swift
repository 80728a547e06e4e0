import Exposition
import Kernel
import Testing
import Wire

@testable import Series

struct DynamicFamiliesTests {
    private let budget = SeriesBudget()

    private func make(_ change: (inout DynamicFamilies.Limits) -> Void = { _ in })
        -> DynamicFamilies
    {
        var limits = DynamicFamilies.Limits()
        change(&limits)
        return DynamicFamilies(limits, budget: budget) { $0 == "ml_requests_total" || $0 == "up" }
    }

    private func lines(_ families: borrowing DynamicFamilies) -> [String] {
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        families.write(to: &page)
        page.finish()
        return page.bytes.string.split(separator: "\n").map(String.init)
    }

    /// Records a value; returns why it is refused.
    private func refusal(
        _ families: inout DynamicFamilies, value: Double, name: String,
        shape: DynamicFamilies.Shape = .gauge, labels: [(String, String)] = [], now: UInt64 = 0
    ) -> DynamicFamilies.Refusal? {
        do throws(DynamicFamilies.Refusal) {
            try families.record(
                value, in: name, shape: shape, labels: LabelSet(labels), help: "Help.", now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a counter adds and a gauge keeps the last value`() {
        var families = make()
        for value in [1.5, 2] {
            #expect(
                refusal(
                    &families, value: value, name: "a_total", shape: .counter, labels: [("x", "1")])
                    == nil)
            #expect(refusal(&families, value: value, name: "b") == nil)
        }
        #expect(
            lines(families) == [
                "# HELP a_total Help.", "# TYPE a_total counter", #"a_total{x="1"} 3.5"#,
                "# HELP b Help.", "# TYPE b gauge", "b 2",
            ])
        #expect(families.seriesCount == 2 && budget.count == 2)
    }

    @Test func `a value that would poison a series is refused`() {
        var families = make()
        let wrong: [Double] = [-1, .nan, .infinity]
        for value in wrong {
            #expect(refusal(&families, value: value, name: "a_total", shape: .counter) == .value)
        }
        #expect(refusal(&families, value: .nan, name: "b") == .value)
        #expect(refusal(&families, value: 1.7e308, name: "a_total", shape: .counter) == nil)
        #expect(refusal(&families, value: 1.7e308, name: "a_total", shape: .counter) == .value)
        #expect(lines(families).last == "a_total 1.7e+308")
    }

    @Test func `names of the daemon, invalid names and other types are refused`() {
        var families = make()
        #expect(refusal(&families, value: 1, name: "up") == .reservedName)
        #expect(
            refusal(&families, value: 1, name: "up_total", shape: .counter) == .reservedName)
        #expect(refusal(&families, value: 1, name: "a b") == .invalidName)
        #expect(refusal(&families, value: 1, name: "a") == nil)
        #expect(
            refusal(&families, value: 1, name: "a", shape: .counter) == .typeConflict(.gauge))
        #expect(
            refusal(&families, value: 1, name: "a_total", shape: .counter)
                == .typeConflict(.gauge))
        #expect(budget.count == 1)
    }

    @Test func `each limit has a refusal of its own and known series are still updated`() {
        var families = make {
            $0.families = 2
            $0.seriesPerFamily = 2
            $0.series = 3
        }
        for label in ["1", "2"] {
            #expect(refusal(&families, value: 1, name: "a", labels: [("x", label)]) == nil)
        }
        #expect(
            refusal(&families, value: 1, name: "a", labels: [("x", "3")]) == .familySeriesLimit)
        #expect(refusal(&families, value: 1, name: "b", labels: [("x", "1")]) == nil)
        #expect(refusal(&families, value: 1, name: "b", labels: [("x", "2")]) == .seriesLimit)
        #expect(refusal(&families, value: 1, name: "c") == .familyLimit)
        #expect(refusal(&families, value: 7, name: "a", labels: [("x", "1")]) == nil)
        var limits = SeriesLimits()
        limits.series = 1
        var shared = DynamicFamilies(budget: SeriesBudget(limits)) { _ in false }
        #expect(refusal(&shared, value: 1, name: "a") == nil)
        #expect(refusal(&shared, value: 1, name: "b") == .budget(.seriesLimit))
    }

    @Test func `a series expires after its time to live and its capacity is released`() {
        var families = make { $0.timeToLive = .seconds(10) }
        let second: UInt64 = 1_000_000_000
        #expect(refusal(&families, value: 1, name: "a", labels: [("x", "1")], now: 0) == nil)
        #expect(
            refusal(&families, value: 1, name: "a", labels: [("x", "2")], now: 5 * second) == nil)
        #expect(families.removeExpired(now: 9 * second) == 10 * second)
        #expect(families.removeExpired(now: 10 * second) == 15 * second)
        #expect(lines(families).last == #"a{x="2"} 1"#)
        #expect(
            refusal(&families, value: 3, name: "a", labels: [("x", "2")], now: 14 * second) == nil)
        #expect(families.removeExpired(now: 15 * second) == 24 * second)
        #expect(families.removeExpired(now: 24 * second) == .max)
        #expect(families.familyCount == 0 && families.seriesCount == 0 && budget.count == 0)
    }

    @Test func `a snapshot has all families, and a damaged one none`() {
        var families = make()
        _ = refusal(&families, value: 2, name: "a_total", shape: .counter, labels: [("x", "1")])
        _ = refusal(&families, value: -3, name: "b")
        var record = ByteWriter()
        families.write(to: &record, now: 0)
        var other = make()
        var reader = ByteReader(record.bytes.span)
        let isRead = other.read(&reader, now: 0)
        #expect(isRead)
        #expect(lines(other) == lines(families))
        for length in 0..<record.bytes.count - 1 {
            var reader = ByteReader(record.bytes.span.extracting(first: length))
            let isRead = other.read(&reader, now: 0)
            let count = other.seriesCount
            #expect(!isRead && count == 0)
        }
        #expect(budget.count == 2)
    }
}
