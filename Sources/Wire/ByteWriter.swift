/// Writes bytes for `ByteReader`: numbers as varints (seven bits per byte, least significant first,
/// protobuf.dev "Encoding"), doubles as eight bytes little-endian, texts behind their length.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8]

    /// Appends to `bytes`.
    package init(_ bytes: consuming [UInt8] = []) {
        self.bytes = bytes
    }

    package var count: Int { bytes.count }

    /// Removes all bytes; keeps the memory up to `limit` bytes.
    package mutating func removeAll(keeping limit: Int) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= limit)
    }

    package mutating func write(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A count or a position, not negative.
    package mutating func write(count: Int) {
        write(UInt64(count))
    }

    package mutating func write(_ flag: Bool) {
        write(flag ? 1 : 0 as UInt64)
    }

    package mutating func write(_ number: Double) {
        let bits = number.bitPattern
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * shift))) }
    }

    package mutating func write(_ text: Span<UInt8>) {
        write(count: text.count)
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        write(text.utf8Span.span)
    }
}
