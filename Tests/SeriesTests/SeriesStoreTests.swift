import Exposition
import Kernel
import Testing

@testable import Series

struct LedgerTests {
    private let catalogue: MetricDescriptors
    private let counts: MetricDescriptor
    private let seconds: MetricDescriptor
    private let level: MetricDescriptor

    init() {
        var catalogue = MetricDescriptors()
        counts = catalogue.add("ml_x_total", .counter, help: "X.")
        seconds = catalogue.add(
            "ml_x_seconds", .histogram(BucketBounds(ascending: [0.5, 1])), help: "X.")
        level = catalogue.add("ml_x", .gauge, help: "X.")
        self.catalogue = catalogue
    }

    private func page(_ ledger: borrowing SeriesStore) -> String {
        var harvest = StoreSnapshot(catalogue)
        harvest.take(ledger)
        var page = Page(format: .text, body: Buffer(capacity: 64))
        harvest.write(to: &page)
        return page.bytes.string
    }

    private func samples(_ ledger: borrowing SeriesStore) -> [String] {
        page(ledger).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    @Test func `a series is hidden until its first number`() {
        var ledger = SeriesStore(catalogue, SeriesBudget())
        let room = ledger.reserve(3 + 2 + 2)
        #expect(room == nil)
        let labels = ledger.keep(LabelSet([("a", "1")]))
        let counter = ledger.counter(counts, labels)
        let histogram = ledger.histogram(seconds, labels)
        let gauge = ledger.gauge(level, labels)
        let before = page(ledger)
        #expect(before == "")
        ledger.add(counter, 2)
        ledger.observe(histogram, 1)
        ledger.observe(histogram, 7, times: 3)
        ledger.set(gauge, -1.5)
        let after = samples(ledger)
        #expect(
            after == [
                #"ml_x_total{a="1"} 2"#, #"ml_x_seconds_bucket{a="1",le="0.5"} 0"#,
                #"ml_x_seconds_bucket{a="1",le="1.0"} 1"#,
                #"ml_x_seconds_bucket{a="1",le="+Inf"} 4"#, #"ml_x_seconds_sum{a="1"} 22"#,
                #"ml_x_seconds_count{a="1"} 4"#, #"ml_x{a="1"} -1.5"#,
            ])
        ledger.hide(gauge)
        let hidden = samples(ledger).count
        #expect(hidden == 6)
    }

    @Test func `what is shown starts at 0`() {
        var ledger = SeriesStore(catalogue, SeriesBudget())
        _ = ledger.reserve(6)
        let labels = ledger.keep(LabelSet([("a", "1")]))
        let counter = ledger.counter(counts, labels)
        ledger.show(counter)
        let histogram = ledger.histogram(seconds, labels)
        ledger.show(histogram)
        let shown = samples(ledger)
        #expect(shown.count == 6)
        let zeros = shown.allSatisfy { $0.hasSuffix(" 0") }
        #expect(zeros)
        let value = ledger.value(counter)
        #expect(value == 0)
    }

    @Test func `room is taken from one budget and given back`() {
        var limits = SeriesLimits()
        limits.series = 10
        limits.seriesPerVersion = 8
        let budget = SeriesBudget(limits)
        do {
            var one = SeriesStore(catalogue, budget)
            var other = SeriesStore(catalogue, budget)
            let answers = [
                one.reserve(9), one.reserve(6), other.reserve(5), other.reserve(4), one.hold(1),
            ]
            #expect(
                answers == [.versionSeriesLimit, nil, .seriesLimit, nil, .seriesLimit])
            #expect(budget.count == 10)
            one.release(0)
        }
        #expect(budget.count == 0)
    }

    @Test func `a value that is no number is not observed`() {
        var ledger = SeriesStore(catalogue, SeriesBudget())
        _ = ledger.reserve(5)
        let labels = ledger.keep(.none)
        let histogram = ledger.histogram(seconds, labels)
        ledger.observe(histogram, .nan)
        let shown = samples(ledger)
        #expect(shown.isEmpty)
    }

    @Test func `a harvest tells the numbers as they stood`() {
        var ledger = SeriesStore(catalogue, SeriesBudget())
        _ = ledger.reserve(2)
        let labels = ledger.keep(LabelSet([("a", "1")]))
        let counter = ledger.counter(counts, labels)
        ledger.add(counter)
        var harvest = StoreSnapshot(catalogue)
        harvest.take(ledger)
        ledger.add(counter, 5)
        let more = ledger.keep(LabelSet([("a", "2")]))
        let second = ledger.counter(counts, more)
        ledger.add(second)
        var page = Page(format: .text, body: Buffer(capacity: 64))
        harvest.write(to: &page)
        let text = page.bytes.string
        #expect(text.hasSuffix("\nml_x_total{a=\"1\"} 1\n"))
    }
}

struct NameTableTests {
    @Test func `names keep their numbers`() {
        var table = NameTable()
        for number in 0..<1000 {
            let name = "name \(number)"
            #expect(table.number(of: name.utf8Span.span) == nil)
            #expect(table.add(name.utf8Span.span) == number)
        }
        for number in 0..<1000 {
            let name = "name \(number)"
            #expect(table.number(of: name.utf8Span.span) == number)
            #expect(table[number].string == name)
        }
    }
}

struct LeasesTests {
    @Test func `a lease ends, is renewed, and another one is not the same`() throws {
        let leases = Leases(.seconds(10), limit: 2)
        let second: UInt64 = 1_000_000_000
        let lease = try #require(leases.start(7, now: 0))
        #expect(leases.isAlive(lease, now: 9 * second))
        #expect(!leases.isAlive(lease, now: 10 * second))
        leases.renew(7, now: 5 * second)
        #expect(leases.isAlive(lease, now: 14 * second))
        leases.renew(7, now: 20 * second)
        #expect(!leases.isAlive(lease, now: 20 * second))
        let next = try #require(leases.start(7, now: 20 * second))
        #expect(next != lease)
        #expect(leases.start(7, now: 21 * second) == next)
    }

    @Test func `those that have ended make room for others`() {
        let leases = Leases(.seconds(10), limit: 2)
        #expect(leases.start(1, now: 0) != nil)
        #expect(leases.start(2, now: 5_000_000_000) != nil)
        #expect(leases.start(3, now: 6_000_000_000) == nil)
        #expect(leases.start(3, now: 11_000_000_000) != nil)
    }
}
