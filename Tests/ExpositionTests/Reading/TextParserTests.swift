import Testing

@testable import Exposition

struct TextParserTests {
    private func parse(_ text: String) throws(MetricSyntaxError) -> ParsedExposition {
        try TextParser.parse(text.utf8Span.span)
    }

    private func mistake(_ text: [UInt8]) -> MetricSyntaxError? {
        do throws(MetricSyntaxError) {
            _ = try TextParser.parse(text.span)
            return nil
        } catch {
            return error
        }
    }

    @Test func `types, help, labels and values of a family are read`() throws {
        let batch = try parse(
            #"""
            # HELP jobs_total Jobs \\ done\nso far.
            # TYPE jobs_total counter
            jobs_total{queue="a\"b\\c\nd",zone=""} 3
              jobs_total { queue = "x" , } 1e3
            # a remark
            up 1

            """#)
        #expect(batch.families.map(\.name) == ["jobs_total", "up"])
        #expect(batch.families[0].kind == .counter)
        #expect(batch.families[0].help == "Jobs \\ done\nso far.")
        #expect(batch.families[1].kind == .untyped)
        #expect(batch.families[1].help == nil)
        #expect(batch.samples.map(\.value) == [3, 1000, 1])
        let labels = batch.labels(of: batch.samples[0])
        #expect(labels.map(\.name) == ["queue", "zone"])
        #expect(labels.map(\.value) == ["a\"b\\c\nd", ""])
        #expect(!batch.hasTimestamps)
    }

    @Test func `lines of one histogram are one metric`() throws {
        let batch = try parse(
            """
            # TYPE t histogram
            t_bucket{a="1",le="0.5"} 1
            t_bucket{le="+Inf",a="1"} 2
            t_sum{a="1"} 0.75
            t_count{a="1"} 2
            t_count{a="2"} 0

            """)
        #expect(batch.families.map(\.name) == ["t"])
        #expect(batch.samples.map(\.role) == [.bucket, .bucket, .sum, .count, .count])
        #expect(batch.samples[0].bound == 0.5)
        #expect(batch.samples[1].bound == .infinity)
        #expect(Set(batch.samples[0...3].map(\.metric)).count == 1)
        #expect(batch.samples[4].metric != batch.samples[0].metric)
    }

    @Test func `a suffix is part of the name where no histogram or summary is known`() throws {
        let batch = try parse(
            """
            t_count 1
            # TYPE t gauge
            t 2
            t_sum 3
            # TYPE s summary
            s{quantile="0.5"} 4
            s_bucket 5

            """)
        #expect(batch.families.map(\.name) == ["t_count", "t", "t_sum", "s", "s_bucket"])
        #expect(batch.samples[3].role == .quantile)
        #expect(batch.samples[3].bound == 0.5)
    }

    @Test(arguments: [
        ("NaN", Double.nan), ("+Inf", .infinity), ("-inf", -.infinity), ("1e-400", 0),
        ("-0", -0.0), ("0.1", 0.1), ("123456789012345678", 123_456_789_012_345_680),
        ("1.7976931348623157e308", .greatestFiniteMagnitude), (".5", 0.5), ("5.", 5),
    ])
    func `numbers are read as Go reads them`(text: String, value: Double) throws {
        let batch = try parse("x \(text)\n")
        #expect(batch.samples[0].value.bitPattern == value.bitPattern || value.isNaN)
        #expect(batch.samples[0].value.isNaN == value.isNaN)
    }

    @Test(arguments: [
        "x 0x1p2\n", "x 1_000\n", "x 1e999\n", "x +NaN\n", "x 1..2\n", "x e5\n", "x 1e\n", "x -\n",
    ])
    func `a value that Go does not parse is rejected`(text: String) {
        #expect(mistake(Array(text.utf8))?.message.hasPrefix("expected float as value") == true)
    }

    @Test(arguments: [
        ("x 1", 1, "unexpected end of input stream"),
        ("x 1\ny{a=\"b", 2, "unexpected end of input stream"),
        ("x 1\r\n", 1, "expected float as value, got \"1\\r\""),
        ("x 1 \n", 1, "expected integer as timestamp, got \"\""),
        ("x 1 12 \n", 1, "spurious string after timestamp: \" \""),
        ("x 1 1.5\n", 1, "expected integer as timestamp, got \"1.5\""),
        ("x{a=\"1\",a=\"2\"} 1\n", 1, "duplicate label names for metric \"x\""),
        ("x{__name__=\"y\"} 1\n", 1, "label name \"__name__\" is reserved"),
        ("x{a='1'} 1\n", 1, "expected '\"' at start of label value, found '\\''"),
        ("x{a} 1\n", 1, "expected '=' after label name, found '}'"),
        ("x{a=\"1\" b=\"2\"} 1\n", 1, "unexpected end of label value \"1\""),
        ("x{a=\"\\q\"} 1\n", 1, "invalid escape sequence '\\q'"),
        ("x{a=\"1\n2\"} 1\n", 1, "label value \"1\" contains unescaped new-line"),
        (
            "\n# TYPE x counter\n# TYPE x counter\n", 3,
            "second TYPE line for metric name \"x\", or TYPE reported after samples"
        ),
        (
            "x 1\n# TYPE x counter\n", 2,
            "second TYPE line for metric name \"x\", or TYPE reported after samples"
        ),
        ("# HELP x a\n# HELP x a\n", 2, "second HELP line for metric name \"x\""),
        ("# TYPE x thing\n", 1, "unknown metric type \"thing\""),
        ("1x 1\n", 1, "invalid metric name"),
        (
            "# TYPE t histogram\nt_bucket{le=\"a\"} 1\n", 2,
            "expected float as value for 'le' label, got \"a\""
        ),
    ])
    func `an error has its line`(text: String, line: Int, message: String) {
        let mistake = mistake(Array(text.utf8))
        #expect(mistake?.line == line)
        #expect(mistake?.message == message)
    }

    @Test func `a label value that is not UTF-8 is refused`() {
        let text = Array("x{a=\"".utf8) + [0xFF, 0xFE] + Array("\"} 1\n".utf8)
        #expect(mistake(text)?.message == "invalid label value \"\\xff\\xfe\"")
    }

    @Test func `times of samples are noticed`() throws {
        #expect(try parse("x 1 -12\n").hasTimestamps)
        #expect(try parse("x 1 9223372036854775807\n").hasTimestamps)
        #expect(mistake(Array("x 1 9223372036854775808\n".utf8)) != nil)
    }

    @Test func `an empty text and one of remarks have no samples`() throws {
        #expect(try parse("").samples.isEmpty)
        #expect(try parse("\n \n#\n# TYPE\n# TYPE x\n# EOF\n").samples.isEmpty)
    }
}
