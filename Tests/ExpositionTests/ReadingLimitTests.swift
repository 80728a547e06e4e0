import Kernel
import Testing
import Wire

@testable import Exposition

/// Bodies that few bytes make large.
struct ReadingLimitTests {
    private func limit(_ text: String, limits: ReadingLimits) -> ReadingLimit? {
        do throws(MetricSyntaxError) {
            _ = try TextParser.parse(text.utf8Span.span, limits: limits)
            return nil
        } catch {
            return error.limit
        }
    }

    /// A message of one family with many metrics, or with one metric of many buckets.
    private func message(metrics: Int, buckets: Int) -> [UInt8] {
        func bytes(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
            var writer = ByteWriter()
            writer.write(UInt64(field) << 3 | 2)
            writer.write(content.span)
            return writer.bytes
        }
        let histogram = (0..<buckets).flatMap { _ in bytes(3, [0x08, 1]) }
        let metric = bytes(4, bytes(7, [0x08, 1] + histogram))
        let family =
            bytes(1, Array("h".utf8)) + [0x18, 4] + (0..<metrics).flatMap { _ in metric }
        var writer = ByteWriter()
        writer.write(family.span)
        return writer.bytes
    }

    private func limit(_ body: [UInt8], limits: ReadingLimits) -> ReadingLimit? {
        do throws(MetricSyntaxError) {
            _ = try ProtobufParser.parse(body.span, limits: limits)
            return nil
        } catch {
            return error.limit
        }
    }

    @Test func `a body with more samples than the limit is refused while it is read`() {
        var limits = ReadingLimits()
        limits.samples = 100
        let lines = (0..<200).map { "m{a=\"\($0)\"} 1\n" }
        #expect(limit(lines[..<100].joined(), limits: limits) == nil)
        // The mistake in the last line is not reached.
        #expect(limit(lines.joined() + "}", limits: limits) == .samples)
        #expect(limit(message(metrics: 33, buckets: 1), limits: limits) == nil)
        #expect(limit(message(metrics: 40, buckets: 1), limits: limits) == .samples)
        #expect(limit(message(metrics: 1, buckets: 120), limits: limits) == .samples)
    }

    @Test func `the memory of parsing is claimed, of families without samples as well`() {
        let budget = ByteBudget(limit: 1 << 20)
        let bodies = [
            (0..<20_000).map { "# HELP m\($0) \n" }.joined(),
            (0..<40_000).map { "m{a=\"\($0)\"} 1\n" }.joined(),
        ]
        for body in bodies {
            var limits = ReadingLimits()
            limits.parsing = ByteClaim(budget)
            #expect(limit(body, limits: limits) == .memory(.tooLarge(limit: 1 << 20)))
        }
        var limits = ReadingLimits()
        limits.parsing = ByteClaim(budget)
        #expect(
            limit(message(metrics: 20_000, buckets: 1), limits: limits)
                == .memory(.tooLarge(limit: 1 << 20)))
        limits = ReadingLimits()
        #expect(budget.taken == 0)
    }

    @Test func `lines with long labels of their owner are refused while they are rendered`() throws
    {
        let labels = (0..<20).map { ("l\($0)", String(repeating: "v", count: 1_000)) }
        let histogram = (0..<2_000).map { "h_bucket{le=\"\($0)\"} 1\n" }.joined()
        for body in [
            (0..<2_000).map { "m\($0) 1\n" }.joined(),
            "# TYPE h histogram\n" + histogram + "h_sum 1\nh_count 1\n",
        ] {
            let batch = try TextParser.parse(body.utf8Span.span)
            var reading = ReadingLimits()
            reading.bytes = 10 << 20
            var renderer = FamilyRenderer(labels: labels, reading: reading)
            let error = #expect(throws: SampleError.self) { _ = try renderer.render(batch) }
            #expect(error?.limit == .bytes)
            let budget = ByteBudget(limit: 10 << 20)
            reading = ReadingLimits()
            reading.rendering = ByteClaim(budget)
            var other = FamilyRenderer(labels: labels, reading: reading)
            let shortage = #expect(throws: SampleError.self) { _ = try other.render(batch) }
            #expect(shortage?.limit == .memory(.tooLarge(limit: 10 << 20)))
            #expect(budget.taken > 9 << 20)
        }
    }
}
