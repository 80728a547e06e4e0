internal import Kernel

/// Foreign bytes in error messages: shortened, and with control bytes escaped, so that a message stays
/// one line.
package enum Quoted {
    /// Longer texts are cut after this many bytes.
    static let limit = 120

    package static func text(_ bytes: Span<UInt8>) -> String {
        var quoted = "\""
        let shown = bytes.extracting(first: min(bytes.count, limit))
        let isUTF8 = Quoted.isUTF8(shown)
        for index in shown.indices {
            let byte = shown[index]
            if byte >= 0x80, isUTF8 { continue }
            quoted += escaped(byte, quote: 0x22)
        }
        if isUTF8 {
            quoted = "\""
            for scalar in shown.string.unicodeScalars {
                quoted +=
                    scalar.value < 0x80
                    ? escaped(UInt8(scalar.value), quote: 0x22) : String(Character(scalar))
            }
        }
        return quoted + (bytes.count > limit ? "...\"" : "\"")
    }

    package static func text(_ string: String) -> String { text(string.utf8Span.span) }

    /// A single byte between single quotes.
    static func byte(_ byte: UInt8) -> String {
        "'\(escaped(byte, quote: 0x27))'"
    }

    package static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index == bytes.count || (try? UTF8Span(validating: bytes)) != nil
    }

    private static func escaped(_ byte: UInt8, quote: UInt8) -> String {
        switch byte {
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case 0x09: "\\t"
        case 0x5C: "\\\\"
        case quote: "\\" + String(UnicodeScalar(quote))
        case 0x20..<0x7F: String(UnicodeScalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
