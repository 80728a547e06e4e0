internal import Kernel

/// The escapes of URLs: `%` and two hexadecimal digits for a byte (RFC 3986, 2.1).
package enum PercentEncoding {
    /// Calls `body` with each decoded byte and whether it was escaped. Returns false, at the first
    /// `%` without two hexadecimal digits.
    package static func decode(
        _ text: Span<UInt8>, body: (_ byte: UInt8, _ isEscaped: Bool) -> Void
    ) -> Bool {
        var index = 0
        while index < text.count {
            if text[index] != UInt8(ascii: "%") {
                body(text[index], false)
                index += 1
                continue
            }
            guard index + 2 < text.count, let high = text[index + 1].hexadecimalValue,
                let low = text[index + 2].hexadecimalValue
            else { return false }
            body(high << 4 | low, true)
            index += 3
        }
        return true
    }

    /// The decoded bytes; nil if an escape is invalid. In the query of a form `+` is a blank.
    package static func decoded(_ text: Span<UInt8>, plusIsBlank: Bool = false) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        let isValid = decode(text) { byte, isEscaped in
            let isBlank = plusIsBlank && !isEscaped && byte == UInt8(ascii: "+")
            decoded.append(isBlank ? 0x20 : byte)
        }
        return isValid ? decoded : nil
    }
}
