/// The escape sequences of the text formats: `\\\\`, `\\n` and `\\"`.
enum Escape {
    /// A label's value: backslash, quote and line feed are escaped.
    static func labelValue(_ value: String) -> [UInt8] {
        escaped(value, quotes: true)
    }

    /// A help text: backslash and line feed are escaped, in OpenMetrics quotes as well.
    static func help(_ text: String, quotes: Bool) -> [UInt8] {
        escaped(text, quotes: quotes)
    }

    /// Replaces the bytes of `text` by the value of an escaped label value.
    static func unescape(_ escaped: Span<UInt8>, into text: inout [UInt8]) {
        text.removeAll(keepingCapacity: true)
        var index = 0
        while index < escaped.count {
            let byte = escaped[index]
            if byte == 0x5C, index + 1 < escaped.count {
                index += 1
                text.append(escaped[index] == 0x6E ? 0x0A : escaped[index])
            } else {
                text.append(byte)
            }
            index += 1
        }
    }

    private static func escaped(_ text: String, quotes: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x5C: bytes += [0x5C, 0x5C]
            case 0x0A: bytes += [0x5C, 0x6E]
            case 0x22 where quotes: bytes += [0x5C, 0x22]
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}
