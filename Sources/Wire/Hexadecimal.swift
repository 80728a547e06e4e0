internal import Kernel

/// Numbers in lower-case hexadecimal digits of fixed width.
package enum Hexadecimal {
    /// Two digits.
    package static func digits(_ byte: UInt8) -> [UInt8] {
        [byte >> 4, byte & 15].map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 }
    }

    /// Sixteen digits.
    package static func text(_ value: UInt64) -> String {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        return text(bytes)
    }

    /// Two digits per byte.
    package static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap(digits), as: UTF8.self)
    }

    /// The number of exactly 16 lower-case digits.
    package static func value(_ text: String) -> UInt64? {
        var value: UInt64 = 0
        guard text.utf8.count == 16 else { return nil }
        for byte in text.utf8 {
            guard let digit = byte.hexadecimalValue, !(0x41...0x46).contains(byte) else {
                return nil
            }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}
