import Kernel
import Testing

@testable import Exposition

/// Values that text 0.0.4 may have and OpenMetrics may not.
struct ForbiddenValueTests {
    private func families(_ text: String) throws -> [RenderedFamily] {
        var renderer = FamilyRenderer(labels: [("job", "a_1")])
        return try renderer.render(TextParser.parse(text.utf8Span.span))
    }

    private func isForbidden(_ text: String) throws -> Bool {
        try families(text).contains { !$0.forbiddenLines.isEmpty }
    }

    private func forbidden(_ text: String) throws -> [String] {
        try families(text).flatMap { part in
            part.forbiddenLines.joined().map {
                part.series($0).split(separator: "{")[0].description
            }
        }
    }

    private func histogram(_ lines: String) -> String {
        "# TYPE h histogram\n"
            + lines.split(separator: ",").map { "h_\($0)\n" }.joined()
    }

    @Test(arguments: ["NaN", "-4", "-Inf", "-1e-300"])
    func `a counter that is negative or no number is forbidden`(value: String) throws {
        #expect(try isForbidden("# TYPE n_total counter\nn_total \(value)\n"))
        // Without the suffix OpenMetrics knows no counter, and gauges may have any value.
        #expect(try !isForbidden("# TYPE n counter\nn \(value)\n"))
        #expect(try !isForbidden("# TYPE n_total gauge\nn_total \(value)\n"))
        #expect(try !isForbidden("n_total \(value)\n"))
    }

    @Test(arguments: ["0", "-0", "1.5", "+Inf", "1e300"])
    func `a counter of any number from 0 up is allowed`(value: String) throws {
        #expect(try !isForbidden("# TYPE n_total counter\nn_total \(value)\n"))
    }

    @Test(arguments: [
        #"bucket{le="1"} 5,bucket{le="+Inf"} 5,count 3,sum 1"#,
        #"bucket{le="1"} 5,bucket{le="2"} 3,bucket{le="+Inf"} 6,count 6,sum 1"#,

        #"bucket{le="-1"} 7,bucket{le="+Inf"} 6,count 6,sum 1"#,
        #"bucket{le="1"} 7,bucket{le="+Inf"} 6,count 6,sum 1"#,
        #"bucket{le="1"} NaN,bucket{le="+Inf"} 6,count 6,sum 1"#,
        #"bucket{le="+Inf"} +Inf,count +Inf,sum 1"#,
        #"bucket{le="1"} 6,sum 1"#, "count NaN,sum 1",
    ])
    func `a histogram that contradicts itself is forbidden whole`(lines: String) throws {
        // Text that is refused as it is pushed reaches no page.
        guard let families = try? families(histogram(lines)) else { return }
        #expect(families.map(\.forbiddenLines) == [[0..<families[0].count]])
    }

    @Test(arguments: [
        #"bucket{le="+Inf"} 6,count 6,sum NaN"#, #"bucket{le="+Inf"} 6,count 6,sum -1"#,
        #"bucket{le="-1"} 1,bucket{le="1"} 4,bucket{le="+Inf"} 6,count 6,sum 1"#,
        #"bucket{le="-1"} 1,bucket{le="+Inf"} 6"#, #"bucket{le="-Inf"} 0,bucket{le="+Inf"} 6"#,
    ])
    func `a histogram without a sum that may only grow keeps its buckets`(lines: String) throws {
        #expect(try forbidden(histogram(lines)) == ["h_sum", "h_count"])
    }

    @Test(arguments: [
        #"bucket{le="0"} 0,bucket{le="0.5"} 2,bucket{le="1e3"} 2,bucket{le="+Inf"} 3,count 3,sum 9"#,
        #"bucket{le="1"} 2,count 3,sum 1.5"#, #"bucket{le="+Inf"} 3,count 3,sum +Inf"#,
        "count 3,sum 1", "sum 0,count 0",
    ])
    func `a histogram whose buckets increase up to its count is allowed`(lines: String) throws {
        #expect(try !isForbidden(histogram(lines)))
    }

    @Test(arguments: [
        ("s{quantile=\"1.5\"} 1\ns_sum 1\ns_count 1\n", "s"),
        ("s{quantile=\"-1\"} 1\ns{quantile=\"1\"} 1\ns_sum 1\ns_count 1\n", "s"),
        ("s{quantile=\"0.5\"} -1\ns_sum 1\ns_count 1\n", "s"),
        ("s_sum -1\ns_count 1\n", "s_sum"), ("s_sum NaN\ns_count 1\n", "s_sum"),
        ("s_sum 1\ns_count NaN\n", "s_count"),
    ])
    func `a line of a summary with a forbidden number is forbidden alone`(
        lines: String, series: String
    ) throws {
        guard let found = try? forbidden("# TYPE s summary\n" + lines) else { return }
        #expect(found == [series])
    }

    @Test(arguments: [
        "s{quantile=\"0\"} NaN\ns{quantile=\"1\"} NaN\ns_sum 0\ns_count 0\n",
        "s{quantile=\"0.5\",sum=\"_count\"} 1\ns_sum{sum=\"_count\"} 1\ns_count{sum=\"_count\"} 1\n",
        "s_sum 1\ns_count 1\n",
    ])
    func `a summary of numbers from 0 up is allowed, its quantiles may be unknown`(lines: String)
        throws
    {
        #expect(try !isForbidden("# TYPE s summary\n" + lines))
    }

    @Test func `only the metric with the forbidden value is left out, and only of OpenMetrics`()
        throws
    {
        let text = """
            # TYPE h histogram
            h_bucket{a="1",le="+Inf"} 1
            h_sum{a="1"} 1
            h_count{a="1"} 1
            h_bucket{a="2",le="+Inf"} 2
            h_sum{a="2"} 1
            h_count{a="2"} 1
            h_bucket{a="3",le="+Inf"} 1
            h_sum{a="3"} 1
            h_count{a="3"} 1
            # TYPE n_total counter
            n_total{a="1"} -1
            n_total{a="2"} 2

            """
        var index = FamilyIndex()
        for part in try families(text) { index.put(part, of: 0) }
        for format in Format.allCases {
            for hasUniqueSeries in [true, false] {
                var page = Page(format: format, body: Buffer(capacity: 16))
                page.merge([FamilySource(index, hasUniqueSeries: hasUniqueSeries)])
                page.finish()
                let isStrict = format == .openMetrics
                #expect(page.forbiddenValues == (isStrict ? 4 : 0))
                #expect(page.samples == (isStrict ? 7 : 11))
                if isStrict {
                    #expect(
                        page.bytes.string == """
                            # TYPE h histogram
                            h_bucket{a="1",job="a_1",le="+Inf"} 1
                            h_sum{a="1",job="a_1"} 1
                            h_count{a="1",job="a_1"} 1
                            h_bucket{a="3",job="a_1",le="+Inf"} 1
                            h_sum{a="3",job="a_1"} 1
                            h_count{a="3",job="a_1"} 1
                            # TYPE n counter
                            n_total{a="2",job="a_1"} 2
                            # EOF

                            """)
                }
            }
        }
    }
}
