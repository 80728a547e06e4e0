/// The escapes of the text formats.
enum Escape {
    /// A label's value: backslash, quote and line feed escaped, invalid UTF-8 as U+FFFD.
    static func labelValue(_ value: String) -> [UInt8] {
        escaped(value, quotes: true)
    }

    /// A help text; OpenMetrics escapes quotes too.
    static func help(_ text: String, quotes: Bool) -> [UInt8] {
        escaped(text, quotes: quotes)
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
