import HTTP
import Intake
import Kernel
import Testing

@Suite final class GzipEncoderTests {
    private let encoder = GzipEncoder()

    private func packed(_ plain: [UInt8]) -> [UInt8] {
        var buffer = Buffer(capacity: 16)
        encoder.encode(plain.span, into: &buffer)
        return buffer.bytes.copied
    }

    private func unpacked(_ packed: [UInt8]) throws -> [UInt8] {
        var limits = EventLimits()
        limits.ratio = .max
        var plain = Buffer(capacity: 16)
        var inflater = Inflater()
        try inflater.inflate(packed.span, into: &plain, limits: limits)
        return plain.bytes.copied
    }

    private static func page(_ series: Int) -> [UInt8] {
        (0..<series).flatMap { number in
            Array("node_cpu_seconds_total{cpu=\"\(number)\",mode=\"idle\"} \(number * 7919)\n".utf8)
        }
    }

    @Test func `a page becomes a gzip member behind what is there`() throws {
        let plain = GzipEncoderTests.page(1000)
        var buffer = Buffer(capacity: 16)
        buffer.append("kept")
        encoder.encode(plain.span, into: &buffer)
        let bytes: [UInt8] = buffer.bytes.copied
        #expect(Array(bytes[0..<7]) == Array("kept".utf8) + [0x1F, 0x8B, 8])
        #expect(bytes.count < plain.count / 4)
        let back = try unpacked(Array(bytes.dropFirst(4)))
        #expect(back == plain)
    }

    @Test func `codes boundPath for one text write any other`() throws {
        #expect(!packed([UInt8](repeating: 0x61, count: 4000)).isEmpty)
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let ramp = (0..<4000).map { UInt8(truncatingIfNeeded: $0) }
        for plain in [noise, ramp, GzipEncoderTests.page(100)] {
            let back = try unpacked(packed(plain))
            #expect(back == plain)
        }
    }

    @Test func `texts of every length come back`() throws {
        for count in [0, 1, 2, 255, 32 << 10, (32 << 10) + 1, 300_000, 3, 0] {
            let plain = Array(GzipEncoderTests.page(1 + count / 40).prefix(count))
            let back = try unpacked(packed(plain))
            #expect(back == plain)
        }
    }

    @Test func `codes follow the pages`() throws {
        let noise = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        _ = packed(noise)
        let plain = Array(GzipEncoderTests.page(200).prefix(noise.count))
        let before = packed(plain).count
        for _ in 0..<GzipEncoder.textsPerCode { _ = packed(plain) }
        #expect(packed(plain).count < before)
    }
}
