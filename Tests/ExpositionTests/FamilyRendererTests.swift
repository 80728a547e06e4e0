import Kernel
import Testing

@testable import Exposition

struct FamilyRendererTests {
    private func lines(
        _ text: String, labels: [(name: String, value: String)] = [], addsInstance: Bool = false,
        limits: LabelLimits = LabelLimits()
    ) throws -> [String] {
        var renderer = FamilyRenderer(labels: labels, addsInstance: addsInstance, limits: limits)
        return try renderer.render(TextParser.parse(text.utf8Span.span)).map {
            String(decoding: $0.text, as: UTF8.self)
        }
    }

    private func refusal(_ text: String, limits: LabelLimits = LabelLimits()) throws
        -> SampleError.Reason?
    {
        var renderer = FamilyRenderer(limits: limits)
        let batch = try TextParser.parse(text.utf8Span.span)
        do throws(SampleError) {
            _ = try renderer.render(batch)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: [
        ("#", SampleError.Reason.metricName, 255), ("x{#=\"1\"}", .labelBytes, 255),
        ("x{a=\"#\"}", .labelBytes, 1024),
    ])
    func `a name or a value may be as long as its limit and no longer`(
        series: String, reason: SampleError.Reason, limit: Int
    ) throws {
        func text(_ count: Int) -> String {
            series.replacing("#", with: String(repeating: "n", count: count)) + " 1\n"
        }
        #expect(try refusal(text(limit)) == nil)
        #expect(try refusal(text(limit + 1)) == reason)
    }

    @Test func `as many labels as the limit allows are accepted`() throws {
        func text(_ count: Int) -> String {
            "x{" + (0..<count).map { "l\($0)=\"1\"" }.joined(separator: ",") + "} 1\n"
        }
        #expect(try refusal(text(30)) == nil)
        #expect(try refusal(text(31)) == .labelCount)
    }

    @Test func `the owner's labels win and all stand in order`() throws {
        let lines = try lines(
            "x{z=\"1\",job=\"mine\",a=\"\\\"\"} 1\n", labels: [("job", "j"), ("b", "2")],
            addsInstance: true)
        #expect(lines == [#"x{a="\"",b="2",instance="",job="j",z="1"} 1"# + "\n"])
    }

    @Test func `an instance of the sample or the owner stays`() throws {
        #expect(
            try lines("x{instance=\"i\"} 1\n", addsInstance: true) == ["x{instance=\"i\"} 1\n"])
        #expect(
            try lines("x 1\n", labels: [("instance", "o")], addsInstance: true)
                == ["x{instance=\"o\"} 1\n"])
    }

    @Test func `a histogram is whole, its bounds ascend and +Inf is there`() throws {
        let lines = try lines(
            """
            # TYPE t histogram
            t_count{a="1"} 3
            t_bucket{a="1",le="2"} 2
            t_bucket{a="1",le="0.50"} 1
            t_sum{a="1"} 4.5

            """)
        #expect(
            lines == [
                """
                t_bucket{a="1",le="0.5"} 1
                t_bucket{a="1",le="2.0"} 2
                t_bucket{a="1",le="+Inf"} 3
                t_sum{a="1"} 4.5
                t_count{a="1"} 3

                """
            ])
    }

    @Test func `a summary keeps its quantiles`() throws {
        let lines = try lines(
            "# TYPE s summary\ns{quantile=\"0.9\"} 2\ns{quantile=\"0.5\"} 1\ns_count 7\n")
        #expect(
            lines == ["s{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} 2\ns_sum 0\ns_count 7\n"])
    }

    @Test func `families whose lines are mixed are put together`() throws {
        let lines = try lines("x 1\ny 2\nx{a=\"1\"} 3\n")
        #expect(lines == ["x 1\nx{a=\"1\"} 3\n", "y 2\n"])
    }

    @Test func `the identity does not depend on order or empty labels`() throws {
        var renderer = FamilyRenderer()
        let text = "x{a=\"1\",b=\"2\"} 1\nx{b=\"2\",a=\"1\",c=\"\"} 1\nx{a=\"12\"} 1\n"
        let part = try renderer.render(TextParser.parse(text.utf8Span.span))[0]
        #expect(part.identities[0] == part.identities[1])
        #expect(part.identities[0] != part.identities[2])
    }

    @Test func `limits of labels are refused with their reason`() throws {
        var limits = LabelLimits()
        limits.labels = 2
        limits.nameBytes = 4
        limits.valueBytes = 3
        #expect(try refusal("x{a=\"1\",b=\"2\"} 1\n", limits: limits) == nil)
        #expect(try refusal("x{a=\"1\",b=\"2\",c=\"3\"} 1\n", limits: limits) == .labelCount)
        #expect(try refusal("x{a=\"1234\"} 1\n", limits: limits) == .labelBytes)
        #expect(try refusal("x{abcde=\"1\"} 1\n", limits: limits) == .labelBytes)
        #expect(try refusal("abcde 1\n", limits: limits) == .metricName)
        #expect(try refusal("x{__a=\"1\"} 1\n") == .labelName)
    }
}
