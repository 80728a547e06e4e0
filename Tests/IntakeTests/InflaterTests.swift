import CDeflate
import Kernel
import Testing

@testable import Intake

/// One gzip member.
func gzip(_ plain: [UInt8], level: Int32 = 6) -> [UInt8] {
    guard let ingestor = unsafe libdeflate_alloc_compressor(level) else { return [] }
    defer { unsafe libdeflate_free_compressor(ingestor) }
    var packed = [UInt8](
        repeating: 0, count: unsafe libdeflate_gzip_compress_bound(ingestor, plain.count))
    let count = unsafe libdeflate_gzip_compress(
        ingestor, plain, plain.count, &packed, packed.count)
    return Array(packed.prefix(count))
}

@Suite struct InflaterTests {
    private func inflate(
        _ body: [UInt8], limits: EventLimits = EventLimits()
    ) -> Result<[UInt8], Inflater.Failure> {
        var inflater = Inflater()
        var plain = Buffer(capacity: 16)
        plain.append("kept")
        do throws(Inflater.Failure) {
            try inflater.inflate(body.span, into: &plain, limits: limits)
        } catch {
            #expect(plain.bytes.string == "kept")
            return .failure(error)
        }
        return .success(Array(plain.bytes.copied.dropFirst(4)))
    }

    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x30, count: count) }

    @Test(arguments: [0, 1, 255, 256, 257, 100_000])
    func `what was packed comes back`(count: Int) {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        #expect(inflate(gzip(plain)) == .success(plain))
    }

    @Test func `members one behind the other are one text`() {
        let parts = [zeros(5000), [], zeros(3), Array("end".utf8)]
        #expect(inflate(parts.flatMap { gzip($0) }) == .success(parts.flatMap { $0 }))
    }

    @Test func `damaged or truncated data is reported as damaged`() {
        let packed = gzip(Array("some text that is packed".utf8))
        #expect(inflate([]) == .failure(.damaged))
        #expect(inflate(Array("{\"model\":\"a plain text\"}".utf8)) != .success([]))
        for count in 1..<packed.count {
            #expect((try? inflate(Array(packed.prefix(count))).get()) == nil, "\(count)")
        }
        var wrong = packed
        wrong[12] ^= 0xFF
        #expect((try? inflate(wrong).get()) == nil)
        #expect((try? inflate(packed + [0]).get()) == nil)
        #expect(inflate(Array(packed.dropLast(4))) == .failure(.damaged))
        #expect(
            inflate(packed + Array("some noise behind the last member".utf8)) == .failure(.damaged))
    }

    @Test func `the limit counts all members together`() {
        var limits = EventLimits()
        limits.plainBytes = 1000
        #expect(inflate(gzip(zeros(1000)), limits: limits) == .success(zeros(1000)))
        #expect(inflate(gzip(zeros(1001)), limits: limits) == .failure(.tooLarge(1000)))
        let two = gzip(zeros(600)) + gzip(zeros(401))
        #expect(inflate(two, limits: limits) == .failure(.tooLarge(1000)))
        #expect(inflate(gzip(zeros(1000)) + gzip([]), limits: limits) == .success(zeros(1000)))
    }

    @Test func `a bomb is refused and an honest constant column is not`() {
        var limits = EventLimits()
        limits.ratioFreeBytes = 100_000
        #expect(inflate(gzip(zeros(100_000)), limits: limits) == .success(zeros(100_000)))
        let bomb = gzip(zeros(1_000_000))
        #expect(
            inflate(bomb, limits: limits) == .failure(.tooDense(max(100_000, bomb.count * 100))))
    }

    @Test func `a length that lies costs nothing but the body`() {
        var lying = gzip(zeros(10))
        lying[lying.count - 1] = 0xFF
        #expect(inflate(lying) == .failure(.damaged))
    }

    @Test(arguments: [
        ("gzip", ContentEncoding.gzip), (" GZIP ", .gzip), ("x-gzip", .gzip), ("", .identity),
        ("identity", .identity), ("br", .unknown), ("gzip, gzip", .unknown),
    ])
    func `a content encoding is read`(text: String, encoding: ContentEncoding) {
        let bytes = Array(text.utf8)
        #expect(ContentEncoding(bytes.span) == encoding)
        #expect(ContentEncoding(nil) == .identity)
    }
}
