/// Reads bytes that a `ByteWriter` wrote.
///
/// Corrupt input does not trap: from then on every read returns 0 or empty and `isDamaged` is true, so
/// that a caller checks once after several reads.
package struct ByteReader: ~Escapable, Sendable {
    private var rest: Span<UInt8>
    package private(set) var isDamaged = false

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        rest = bytes
    }

    package var isAtEnd: Bool { rest.isEmpty }

    /// Marks the input as corrupt: a value that was read is out of its range.
    @_lifetime(self: copy self)
    package mutating func damage() {
        isDamaged = true
        rest = rest.extracting(first: 0)
    }

    @_lifetime(self: copy self)
    package mutating func number() -> UInt64 {
        var value: UInt64 = 0
        var length = 0
        while length < rest.count, length < 10 {
            let byte = rest[length]
            if length == 9, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << UInt64(7 * length)
            length += 1
            if byte < 0x80 {
                rest = rest.extracting(droppingFirst: length)
                return value
            }
        }
        damage()
        return 0
    }

    /// A number below `limit`; 0 if the input is corrupt.
    @_lifetime(self: copy self)
    package mutating func number(below limit: Int) -> Int {
        let value = number()
        if value < UInt64(clamping: limit) { return Int(value) }
        damage()
        return 0
    }

    /// The number of entries that follow, each of at least one byte.
    @_lifetime(self: copy self)
    package mutating func count() -> Int {
        let value = number()
        if value <= UInt64(rest.count) { return Int(value) }
        damage()
        return 0
    }

    @_lifetime(self: copy self)
    package mutating func flag() -> Bool {
        number(below: 2) == 1
    }

    @_lifetime(self: copy self)
    package mutating func double() -> Double {
        guard rest.count >= 8 else {
            damage()
            return 0
        }
        var bits: UInt64 = 0
        for index in 0..<8 { bits |= UInt64(rest[index]) << UInt64(8 * index) }
        rest = rest.extracting(droppingFirst: 8)
        return Double(bitPattern: bits)
    }

    @_lifetime(copy self)
    package mutating func text() -> Span<UInt8> {
        let count = count()
        let text = rest.extracting(first: count)
        rest = rest.extracting(droppingFirst: count)
        return text
    }
}
