import Exposition
import Kernel
import Testing
import Wire

struct PageTests {
    private let counter = Family(
        "x_total", kind: .counter, help: "Help with \\ and \"quotes\"\nand lines.")

    @Test func `text 0.0.4 names the counter in full and keeps quotes in help`() {
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.begin(counter)
        page.sample(Series(counter, labels: LabelSet([("b", "2"), ("a", "1")])), value: 3)
        page.finish()
        #expect(
            page.bytes.string == #"""
                # HELP x_total Help with \\ and "quotes"\nand lines.
                # TYPE x_total counter
                x_total{a="1",b="2"} 3

                """#)
    }

    @Test func `OpenMetrics strips the suffix of a counter's family and ends`() {
        var page = Page(format: .openMetrics, body: Buffer(capacity: 16))
        page.begin(counter)
        page.sample(Series(counter), value: 3)
        page.finish()
        #expect(
            page.bytes.string == #"""
                # HELP x Help with \\ and \"quotes\"\nand lines.
                # TYPE x counter
                x_total 3
                # EOF

                """#)
    }

    @Test func `a counter without the suffix and an untyped one are unknown to OpenMetrics`() {
        for kind in [Family.Kind.counter, .untyped] {
            var page = Page(format: .openMetrics, body: Buffer(capacity: 16))
            page.single(UnlabelledMetric("node_x", kind: kind, help: "X."), value: 1)
            #expect(page.bytes.string.contains("# TYPE node_x unknown\n"))
        }
    }

    @Test func `a finished page can be taken, and the next has its capacity at once`() {
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.single(UnlabelledMetric("x", kind: .gauge, help: "X."), value: 1)
        page.finish()
        let given = page.takeBody(leaving: Buffer(capacity: 16))
        #expect(given.bytes.string.hasSuffix("\nx 1\n"))
        let isEmpty = page.bytes.isEmpty
        #expect(isEmpty)
        page.restart(format: .text)
        page.reserveAsBefore()
        page.single(UnlabelledMetric("x", kind: .gauge, help: "X."), value: 2)
        #expect(page.bytes.string.hasSuffix("\nx 2\n"))
    }

    @Test func `a series that is there already is dropped and counted`() {
        let family = Family("x", kind: .gauge, help: "X.")
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.begin(family)
        page.sample(Series(family, labels: LabelSet([("a", "1")])), value: 1)
        page.sample(Series(family, labels: LabelSet([("a", "1"), ("empty", "")])), value: 2)
        page.sample(Series(family, labels: LabelSet([("a", "2")])), value: 3)
        page.begin(family)
        page.sample(Series(family, labels: LabelSet([("a", "3")])), value: 4)
        #expect(page.samples == 2)
        #expect(page.duplicates == 2)
        #expect(!page.bytes.string.contains("empty"))
        page.restart(format: .text)
        page.begin(family)
        page.sample(Series(family, labels: LabelSet([("a", "1")])), value: 1)
        #expect(page.samples == 1)
        #expect(page.duplicates == 2)
    }

    @Test func `ten thousand series find their slots`() {
        let family = Family("x", kind: .gauge, help: "X.")
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.begin(family)
        for _ in 0..<2 {
            for number in 0..<10_000 {
                page.sample(Series(family, labels: LabelSet([("n", String(number))])), value: 1)
            }
        }
        #expect(page.samples == 10_000)
        #expect(page.duplicates == 10_000)
    }

    @Test func `label values cannot leave their quotes`() {
        let labels = LabelSet([("device", "a\"} 1\nforged{x=\"\\")])
        #expect(
            String(decoding: labels.bytes, as: UTF8.self)
                == #"device="a\"} 1\nforged{x=\"\\""#)
    }

    @Test func `invalid UTF-8 becomes the replacement character`() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        let labels = LabelSet([("device", bytes.span.string)])
        #expect(String(decoding: labels.bytes, as: UTF8.self) == "device=\"a\u{FFFD}b\"")
    }

    @Test func `le and quantile stand last`() {
        let labels = LabelSet([("le", "1.0"), ("model", "m"), ("a", "b")])
        #expect(String(decoding: labels.bytes, as: UTF8.self) == #"a="b",model="m",le="1.0""#)
    }

    @Test func `names that Prometheus refuses are invalid`() {
        for name in ["", "1a", "a-b", "ä", "a b"] {
            let bytes = Array(name.utf8)
            let isValid = bytes.span.isMetricName
            #expect(!isValid)
        }
        let good = Array("node:x_1".utf8)
        let isValid = good.span.isMetricName
        #expect(isValid)
    }
}
