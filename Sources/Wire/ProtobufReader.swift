/// Bytes that are not a protobuf message.
package struct ProtobufError: Error {}

/// Reads the fields of one protobuf message in order (protobuf.dev, "Encoding").
package struct ProtobufReader: ~Escapable {
    private var rest: Span<UInt8>

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        rest = bytes
    }

    package var isAtEnd: Bool { rest.isEmpty }

    /// Number of bytes not read yet.
    package var count: Int { rest.count }

    /// A varint: 64 bits, at most ten bytes.
    @_lifetime(self: copy self)
    package mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var length = 0
        while length < rest.count, length < 10 {
            let byte = rest[length]
            if length == 9, byte > 1 { throw ProtobufError() }
            value |= UInt64(byte & 0x7F) << UInt64(7 * length)
            length += 1
            if byte < 0x80 {
                rest = rest.extracting(droppingFirst: length)
                return value
            }
        }
        throw ProtobufError()
    }

    /// The number and the wire type of the next field.
    @_lifetime(self: copy self)
    package mutating func key() throws(ProtobufError) -> (field: UInt64, type: UInt8) {
        let key = try varint()
        if key >> 3 == 0 || key >> 3 > 0x1FFF_FFFF { throw ProtobufError() }
        return (key >> 3, UInt8(truncatingIfNeeded: key & 7))
    }

    /// A length and as many bytes.
    @_lifetime(copy self)
    package mutating func bytes() throws(ProtobufError) -> Span<UInt8> {
        let length = try varint()
        guard length <= UInt64(rest.count) else { throw ProtobufError() }
        let bytes = rest.extracting(first: Int(length))
        rest = rest.extracting(droppingFirst: Int(length))
        return bytes
    }

    @_lifetime(self: copy self)
    package mutating func double() throws(ProtobufError) -> Double {
        guard rest.count >= 8 else { throw ProtobufError() }
        var bits: UInt64 = 0
        for index in 0..<8 { bits |= UInt64(rest[index]) << UInt64(8 * index) }
        rest = rest.extracting(droppingFirst: 8)
        return Double(bitPattern: bits)
    }

    /// Skips the value of a field of this wire type. Groups, deprecated since proto2, are an error.
    @_lifetime(self: copy self)
    package mutating func skip(_ type: UInt8) throws(ProtobufError) {
        switch type {
        case 0: _ = try varint()
        case 1: _ = try double()
        case 2: _ = try bytes()
        case 5:
            guard rest.count >= 4 else { throw ProtobufError() }
            rest = rest.extracting(droppingFirst: 4)
        default: throw ProtobufError()
        }
    }
}
