import Exposition
import Kernel
import Testing

@testable import Series

struct LedgerTests {
    private let descriptors: MetricDescriptors
    private let counts: MetricDescriptor
    private let seconds: MetricDescriptor
    private let level: MetricDescriptor

    init() {
        var descriptors = MetricDescriptors()
        counts = descriptors.add("ml_x_total", shape: .counter, help: "X.")
        seconds = descriptors.add(
            "ml_x_seconds", shape: .histogram(BucketBounds(ascending: [0.5, 1])), help: "X.")
        level = descriptors.add("ml_x", shape: .gauge, help: "X.")
        self.descriptors = descriptors
    }

    private func page(_ store: borrowing SeriesStore) -> String {
        var snapshot = StoreSnapshot(descriptors)
        snapshot.add(store)
        var page = Page(format: .text, body: Buffer(capacity: 64))
        snapshot.write(to: &page)
        return page.bytes.string
    }

    private func samples(_ store: borrowing SeriesStore) -> [String] {
        page(store).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    @Test func `a series is hidden until its first number`() {
        var store = SeriesStore(descriptors, budget: SeriesBudget())
        let refusal = store.reserve(3 + 2 + 2)
        #expect(refusal == nil)
        let labels = store.store(LabelSet([("a", "1")]))
        let counter = store.counter(counts, labels: labels)
        let histogram = store.histogram(seconds, labels: labels)
        let gauge = store.gauge(level, labels: labels)
        let before = page(store)
        #expect(before == "")
        store.add(counter, amount: 2)
        store.observe(histogram, value: 1)
        store.observe(histogram, value: 7, times: 3)
        store.set(gauge, value: -1.5)
        let after = samples(store)
        #expect(
            after == [
                #"ml_x_total{a="1"} 2"#, #"ml_x_seconds_bucket{a="1",le="0.5"} 0"#,
                #"ml_x_seconds_bucket{a="1",le="1.0"} 1"#,
                #"ml_x_seconds_bucket{a="1",le="+Inf"} 4"#, #"ml_x_seconds_sum{a="1"} 22"#,
                #"ml_x_seconds_count{a="1"} 4"#, #"ml_x{a="1"} -1.5"#,
            ])
        store.hide(gauge)
        let hidden = samples(store).count
        #expect(hidden == 6)
    }

    @Test func `what is shown starts at 0`() {
        var store = SeriesStore(descriptors, budget: SeriesBudget())
        _ = store.reserve(6)
        let labels = store.store(LabelSet([("a", "1")]))
        let counter = store.counter(counts, labels: labels)
        store.show(counter)
        let histogram = store.histogram(seconds, labels: labels)
        store.show(histogram)
        let shown = samples(store)
        #expect(shown.count == 6)
        let zeros = shown.allSatisfy { $0.hasSuffix(" 0") }
        #expect(zeros)
        let value = store.value(counter)
        #expect(value == 0)
    }

    @Test func `series are reserved from one budget and released to it`() {
        var limits = SeriesLimits()
        limits.series = 10
        limits.seriesPerVersion = 8
        let budget = SeriesBudget(limits)
        do {
            var one = SeriesStore(descriptors, budget: budget)
            var other = SeriesStore(descriptors, budget: budget)
            let answers = [
                one.reserve(9), one.reserve(6), other.reserve(5), other.reserve(4), one.take(1),
            ]
            #expect(
                answers == [.versionSeriesLimit, nil, .seriesLimit, nil, .seriesLimit])
            #expect(budget.count == 10)
            one.release(0)
        }
        #expect(budget.count == 0)
    }

    @Test func `a value that is no number is not observed`() {
        var store = SeriesStore(descriptors, budget: SeriesBudget())
        _ = store.reserve(5)
        let labels = store.store(.none)
        let histogram = store.histogram(seconds, labels: labels)
        store.observe(histogram, value: .nan)
        let shown = samples(store)
        #expect(shown.isEmpty)
    }

    @Test func `a snapshot tells the numbers as they stood`() {
        var store = SeriesStore(descriptors, budget: SeriesBudget())
        _ = store.reserve(2)
        let labels = store.store(LabelSet([("a", "1")]))
        let counter = store.counter(counts, labels: labels)
        store.add(counter)
        var snapshot = StoreSnapshot(descriptors)
        snapshot.add(store)
        store.add(counter, amount: 5)
        let more = store.store(LabelSet([("a", "2")]))
        let second = store.counter(counts, labels: more)
        store.add(second)
        var page = Page(format: .text, body: Buffer(capacity: 64))
        snapshot.write(to: &page)
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

    @Test func `expired leases free their capacity for new ones`() {
        let leases = Leases(.seconds(10), limit: 2)
        #expect(leases.start(1, now: 0) != nil)
        #expect(leases.start(2, now: 5_000_000_000) != nil)
        #expect(leases.start(3, now: 6_000_000_000) == nil)
        #expect(leases.start(3, now: 11_000_000_000) != nil)
    }
}
