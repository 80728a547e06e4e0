import Kernel
import Testing
import Wire

@testable import Exposition

/// Bodies of protobuf that have one family several times: the last one counts, as in Pushgateway.
@Suite struct RepeatedFamilyTests {
    /// A `MetricFamily` with one gauge per value.
    private func family(_ name: String, values: [Double]) -> [UInt8] {
        var message = ProtobufWriter()
        message.write(1, bytes: Array(name.utf8).span)
        message.write(3, number: UInt64(1))
        for value in values {
            var gauge = ProtobufWriter()
            gauge.write(1, number: value)
            var metric = ProtobufWriter()
            metric.write(2, message: gauge)
            message.write(4, message: metric)
        }
        var delimited = ProtobufWriter()
        delimited.write(delimited: message)
        return delimited.bytes.copied
    }

    private func values(_ body: [UInt8], of name: String) throws -> [Double] {
        let parsed = try ProtobufParser.parse(body.span)
        let place = try #require(parsed.family(named: name))
        #expect(parsed.families[place].sampleCount == parsed.samples.count { $0.family == place })
        return parsed.samples.filter { $0.family == place }.map(\.value)
    }

    @Test func `a repeated family replaces the earlier one and leaves the others`() throws {
        let body =
            family("a", values: [1, 2]) + family("b", values: [3]) + family("a", values: [4])
            + family("b", values: []) + family("a", values: [5, 6])
        #expect(try values(body, of: "a") == [5, 6])
        #expect(try values(body, of: "b") == [])
    }

    @Test func `a sample with more labels than the limit is an error that names the metric`() {
        let labels = (0...ParsedExposition.labelLimit).map { "l\($0)=\"\"" }
        let text = Array("m{\(labels.joined(separator: ","))} 1\n".utf8)
        #expect(throws: MetricSyntaxError(line: 1, message: "metric \"m\" has more than 64 labels"))
        {
            try TextParser.parse(text.span)
        }
        let fewer = Array("m{\(labels.dropLast().joined(separator: ","))} 1\n".utf8)
        #expect(throws: Never.self) { try TextParser.parse(fewer.span) }
    }
}
