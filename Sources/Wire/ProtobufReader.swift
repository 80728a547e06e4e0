/// The fields of one protobuf message, one after the other (protobuf.dev, "Encoding").
package struct ProtobufReader: ~Escapable {
    package struct Malformed: Error {}

    private var rest: Span<UInt8>

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        rest = bytes
    }

    package var isAtEnd: Bool { rest.isEmpty }

    /// The bytes that have not been read.
    package var count: Int { rest.count }

    /// A varint: 64 bits, at most ten bytes.
    @_lifetime(self: copy self)
    package mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var length = 0
        while length < rest.count, length < 10 {
            let byte = rest[length]
            if length == 9, byte > 1 { throw Malformed() }
            value |= UInt64(byte & 0x7F) << UInt64(7 * length)
            length += 1
            if byte < 0x80 {
                rest = rest.extracting(droppingFirst: length)
                return value
            }
        }
        throw Malformed()
    }

    /// The number and the wire type of the next field.
    @_lifetime(self: copy self)
    package mutating func key() throws(Malformed) -> (field: UInt64, type: UInt8) {
        let key = try varint()
        if key >> 3 == 0 || key >> 3 > 0x1FFF_FFFF { throw Malformed() }
        return (key >> 3, UInt8(truncatingIfNeeded: key & 7))
    }

    /// A length and as many bytes.
    @_lifetime(copy self)
    package mutating func bytes() throws(Malformed) -> Span<UInt8> {
        let length = try varint()
        guard length <= UInt64(rest.count) else { throw Malformed() }
        let bytes = rest.extracting(first: Int(length))
        rest = rest.extracting(droppingFirst: Int(length))
        return bytes
    }

    @_lifetime(self: copy self)
    package mutating func double() throws(Malformed) -> Double {
        guard rest.count >= 8 else { throw Malformed() }
        var bits: UInt64 = 0
        for index in 0..<8 { bits |= UInt64(rest[index]) << UInt64(8 * index) }
        rest = rest.extracting(droppingFirst: 8)
        return Double(bitPattern: bits)
    }

    /// Steps over the value of a field of this type. Groups, which proto2 gave up, are refused.
    @_lifetime(self: copy self)
    package mutating func skip(_ type: UInt8) throws(Malformed) {
        switch type {
        case 0: _ = try varint()
        case 1: _ = try double()
        case 2: _ = try bytes()
        case 5:
            guard rest.count >= 4 else { throw Malformed() }
            rest = rest.extracting(droppingFirst: 4)
        default: throw Malformed()
        }
    }
}
