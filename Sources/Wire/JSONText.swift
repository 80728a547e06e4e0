/// Strings of JSON with the escapes of its canonical form (RFC 8785, 3.2.2.2), which logfmt shares.
package enum JSONText {
    /// Appends the text in quotes. `escapesDelete` is for texts that a terminal shows: JSON leaves
    /// the control character DEL as it is.
    package static func append(
        _ text: String, to bytes: inout [UInt8], escapesDelete: Bool = false
    ) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20: bytes += Array("\\u00".utf8) + Hexadecimal.digits(byte)
            case 0x7F where escapesDelete: bytes += "\\u007f".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The text in quotes, with DEL escaped.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes, escapesDelete: true)
        return String(decoding: bytes, as: UTF8.self)
    }
}
