import Exposition
import Kernel
import Testing

struct PageRowTests {
    private let duration = Family("ml_x_seconds", kind: .histogram, help: "X.")
    private let labels = LabelSet([("model", "m"), ("version", "1")])

    private func page(_ format: Format, exemplars: [Exemplar?] = []) -> String {
        var page = Page(format: format, body: Buffer(capacity: 16))
        page.begin(duration)
        let counts: [UInt64] = [1, 0, 2]
        page.histogram(
            duration, labels: labels.bytes.span, bounds: BucketBounds(ascending: [0.005, 1]),
            counts: counts.span,
            sum: 12.5, exemplars: exemplars)
        page.finish()
        return page.bytes.string
    }

    @Test func `a histogram's buckets add up, le is canonical and stands last`() {
        #expect(
            page(.text) == #"""
                # HELP ml_x_seconds X.
                # TYPE ml_x_seconds histogram
                ml_x_seconds_bucket{model="m",version="1",le="0.005"} 1
                ml_x_seconds_bucket{model="m",version="1",le="1.0"} 1
                ml_x_seconds_bucket{model="m",version="1",le="+Inf"} 3
                ml_x_seconds_sum{model="m",version="1"} 12.5
                ml_x_seconds_count{model="m",version="1"} 3

                """#)
    }

    @Test func `exemplars stand on buckets in OpenMetrics and nowhere in text`() throws {
        let exemplar = try #require(Exemplar(trace: "a\"b", value: 7, timestamp: 1_795_219_000.25))
        let shown = page(.openMetrics, exemplars: [nil, nil, exemplar])
        #expect(shown.contains(#"le="1.0"} 1"# + "\n"))
        #expect(
            shown.contains(
                #"le="+Inf"} 3 # {trace_id="a\"b"} 7 1795219000.250"# + "\n"))
        #expect(page(.text, exemplars: [nil, nil, exemplar]) == page(.text))
    }

    @Test func `a trace id beyond OpenMetrics' limit makes no exemplar`() {
        #expect(Exemplar(trace: "", value: 1, timestamp: 0) == nil)
        #expect(Exemplar(trace: "t", value: 1, timestamp: .nan) == nil)
        let long = String(repeating: "ä", count: Exemplar.traceLimit)
        #expect(Exemplar(trace: long, value: 1, timestamp: 0) != nil)
        #expect(Exemplar(trace: long + "x", value: 1, timestamp: 0) == nil)
    }

    @Test func `whole numbers keep their digits`() {
        let family = Family("ml_x_total", kind: .counter, help: "X.")
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.begin(family)
        page.row(family, labels: labels.bytes.span, value: UInt64.max)
        page.row(family, labels: labels.bytes.span, value: 0.5)
        #expect(page.samples == 2)
        #expect(page.bytes.string.contains("version=\"1\"} 18446744073709551615\n"))
        #expect(page.bytes.string.hasSuffix("version=\"1\"} 0.5\n"))
    }

    @Test func `a family that stood there before refuses the rows of the second`() {
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.begin(duration)
        page.begin(duration)
        page.row(duration, labels: labels.bytes.span, value: 1.0)
        #expect(page.samples == 0)
    }

    @Test func `a value falls into the first bucket that is not below it`() {
        let bounds = BucketBounds(ascending: [0.1, 0.5, 1])
        #expect(bounds.bucketCount == 4)
        let slots = [-1, 0.1, 0.100001, 0.5, 1, 1.1, .infinity].map { bounds.bucket(of: $0) }
        #expect(slots == [0, 0, 1, 1, 2, 3, 3])
        #expect(BucketBounds(ascending: []).bucket(of: 3) == 0)
    }

    @Test func `bounds that do not ascend or are not finite are rejected`() {
        #expect(BucketBounds([1, 1]) == nil)
        #expect(BucketBounds([2, 1]) == nil)
        #expect(BucketBounds([1, .infinity]) == nil)
        #expect(BucketBounds([.nan]) == nil)
        #expect(BucketBounds((0...BucketBounds.limit).map(Double.init)) == nil)
        #expect(BucketBounds([1, 2]) != nil)
    }
}
