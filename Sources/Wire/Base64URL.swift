/// Base64 with the alphabet for URLs (RFC 4648, 5); padding is optional.
package enum Base64URL {
    /// The text is not base64 from `offset` on.
    package struct DecodingError: Error, Equatable {
        package let offset: Int
    }

    package static func decode(_ text: Span<UInt8>) throws(DecodingError) -> [UInt8] {
        var count = text.count
        while count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(count * 3 / 4)
        var bits: UInt32 = 0
        for index in 0..<count {
            guard let digit = digit(text[index]) else { throw DecodingError(offset: index) }
            bits = bits << 6 | digit
            switch index % 4 {
            case 1: decoded.append(UInt8(truncatingIfNeeded: bits >> 4))
            case 2: decoded.append(UInt8(truncatingIfNeeded: bits >> 2))
            case 3: decoded.append(UInt8(truncatingIfNeeded: bits))
            default: break
            }
        }
        if count % 4 == 1 { throw DecodingError(offset: count - 1) }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
