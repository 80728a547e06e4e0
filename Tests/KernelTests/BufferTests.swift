import Kernel
import Testing

struct BufferTests {
    @Test(arguments: [0..<0, 1..<9, 0..<20_000, 5_000..<19_999, 19_999..<20_000])
    func `bytes beside those that are discarded stay`(range: Range<Int>) {
        var buffer = Buffer(capacity: 16)
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
        buffer.append(bytes)
        buffer.discard(range)
        #expect(buffer.count == bytes.count)
        for place in bytes.indices where !range.contains(place) {
            #expect(buffer.bytes[place] == bytes[place])
        }
        // The memory is still usable.
        buffer.removeAll()
        buffer.append(bytes)
        let isWhole = buffer.bytes.equals(bytes)
        #expect(isWhole)
    }
}
