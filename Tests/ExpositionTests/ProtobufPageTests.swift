import Kernel
import Testing
import Wire

@testable import Exposition

struct ProtobufPageTests {
    private func page(_ write: (inout Page) -> Void) throws -> ParsedExposition {
        var page = Page(format: .protobuf, body: Buffer(capacity: 64))
        write(&page)
        page.finish()
        #expect(page.format == .protobuf)
        return try ProtobufParser.parse(page.bytes)
    }

    @Test func `families, labels and values arrive as they were written`() throws {
        let counter = Family("x_total", kind: .counter, help: "Help with \\ and \"quotes\".")
        let gauge = Family("y", kind: .gauge, help: "Y.")
        let untyped = Family("z", kind: .untyped, help: "Z.")
        let batch = try page { page in
            page.begin(counter)
            page.sample(Series(counter, labels: LabelSet([("a", "1\n\"2\"\\")])), value: 3)
            page.sample(Series(counter, labels: LabelSet([("a", "é")])), value: .infinity)
            page.begin(Family("empty", kind: .gauge, help: "Nothing."))
            page.begin(gauge)
            page.row(gauge, labels: LabelSet([("b", "c"), ("a", "d")]).bytes.span, value: -0.5)
            page.begin(untyped)
            page.sample(Series(untyped), value: .nan)
        }
        #expect(batch.families.map(\.name) == ["x_total", "y", "z"])
        #expect(batch.families.map(\.kind) == [.counter, .gauge, .untyped])
        #expect(batch.families[0].help == "Help with \\ and \"quotes\".")
        #expect(batch.samples.map(\.value).prefix(3) == [3, .infinity, -0.5])
        #expect(batch.samples[3].value.isNaN)
        let first = batch.labels(of: batch.samples[0])
        #expect(first.map(\.value) == ["1\n\"2\"\\"])
        let third = batch.labels(of: batch.samples[2])
        #expect(third.map(\.name) == ["a", "b"] && third.map(\.value) == ["d", "c"])
    }

    @Test func `a histogram is one metric with its classic buckets`() throws {
        let family = Family("x_seconds", kind: .histogram, help: "X.")
        var native = NativeHistogram()
        native.observe(0.3, times: 3)
        let counts: [UInt64] = [1, 0, 2]
        let batch = try page { page in
            page.begin(family)
            for version in ["1", "2"] {
                page.histogram(
                    family, labels: LabelSet([("version", version)]).bytes.span,
                    bounds: BucketBounds(ascending: [0.005, 1]), counts: counts.span, sum: 12.5,
                    native: native)
            }
        }
        #expect(batch.families.map(\.kind) == [.histogram])
        let first = batch.samples.filter { batch.labels(of: $0).map(\.value) == ["2"] }
        let buckets = first.filter { $0.role == .bucket }
        #expect(buckets.map(\.bound) == [0.005, 1, .infinity])
        #expect(buckets.map(\.value) == [1, 1, 3])
        #expect(first.first { $0.role == .sum }?.value == 12.5)
        #expect(first.first { $0.role == .count }?.value == 3)
    }
}

struct NativeHistogramTests {
    private func upperBound(_ index: Int, schema: Int) -> Double {
        var exponent = Double(index)
        if schema >= 0 { exponent /= Double(1 << schema) } else { exponent *= Double(1 << -schema) }
        return exponent < 0 ? 1 / power(-exponent) : power(exponent)
    }

    // 2 to a power, by halves: tests have no exp2.
    private func power(_ exponent: Double) -> Double {
        var (result, rest, step) = (1.0, exponent, 2.0)
        while rest >= 1 {
            result *= 2
            rest -= 1
        }
        while rest > 0 {
            step = step.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= step
                rest -= 1
            }
        }
        return result
    }

    @Test(arguments: [-4, -2, 0, 1, 2, 3])
    func `a value lies in the bucket whose bounds are around it`(schema: Int) {
        for value in [1e-9, 0.001, 0.5, 0.75, 1, 1.0000001, 2, 3, 1000, 123_456.789, 1e30] {
            let index = NativeHistogram.index(of: value, schema: schema)
            #expect(value <= upperBound(index, schema: schema) * (1 + 1e-12))
            #expect(value > upperBound(index - 1, schema: schema) * (1 - 1e-12))
        }
        #expect(NativeHistogram.index(of: 1, schema: schema) == 0)
    }

    @Test func `powers of two lie in the bucket that they bound`() {
        for exponent in -20...20 {
            let value = Double(sign: .plus, exponent: exponent, significand: 1)
            #expect(NativeHistogram.index(of: value, schema: 3) == exponent * 8)
            #expect(NativeHistogram.index(of: value, schema: 0) == exponent)
            #expect(NativeHistogram.index(of: value.nextUp, schema: 0) == exponent + 1)
        }
    }

    @Test func `values far apart make buckets wider and lose nothing`() {
        var histogram = NativeHistogram()
        for exponent in stride(from: -300, through: 300, by: 5) {
            histogram.observe(
                Double(sign: .plus, exponent: exponent, significand: 1.3), times: 2)
        }
        histogram.observe(0)
        #expect(histogram.counts.count <= NativeHistogram.bucketLimit)
        #expect(histogram.schema < 0)
        #expect(histogram.counts.reduce(0, +) + histogram.zeroCount == 121 * 2 + 1)
        for value in [.leastNonzeroMagnitude, 1, .greatestFiniteMagnitude] as [Double] {
            histogram.observe(value)
        }
        #expect(histogram.counts.reduce(0, +) + histogram.zeroCount == 121 * 2 + 4)
    }

    /// The buckets that the fields of a message tell, by index.
    private func told(_ histogram: NativeHistogram) throws -> [Int: Int] {
        var message = ProtobufWriter()
        histogram.write(to: &message)
        var reader = ProtobufReader(message.bytes)
        var spans: [(offset: Int, length: Int)] = []
        var deltas: [Int] = []
        func signed(_ value: UInt64) -> Int {
            Int(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1))
        }
        while !reader.isAtEnd {
            switch try reader.key() {
            case (12, 2):
                var span = ProtobufReader(try reader.bytes())
                _ = try span.key()
                let offset = signed(try span.varint())
                _ = try span.key()
                spans.append((offset, Int(try span.varint())))
            case (13, 0): deltas.append(signed(try reader.varint()))
            case (_, let type): try reader.skip(type)
            }
        }
        var buckets: [Int: Int] = [:]
        var (index, count) = (0, 0)
        for span in spans {
            index += span.offset
            for _ in 0..<span.length {
                count += deltas.removeFirst()
                if count > 0 { buckets[index] = count }
                index += 1
            }
        }
        #expect(deltas.isEmpty)
        return buckets
    }

    @Test func `spans and deltas tell every bucket`() throws {
        var histogram = NativeHistogram()
        for (value, times) in [(0.01, 5), (0.0101, 1), (0.02, 7), (3.5, 2), (4, 9)]
            as [(Double, UInt64)]
        {
            histogram.observe(value, times: times)
        }
        var expected: [Int: Int] = [:]
        for (place, count) in histogram.counts.enumerated() where count > 0 {
            expected[histogram.first + place] = Int(count)
        }
        #expect(try told(histogram) == expected)
        #expect(try told(NativeHistogram()) == [:])
    }
}
