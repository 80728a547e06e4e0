/// The parts of the grammar of RFC 9110 and RFC 3986 that requests are checked against.
enum HTTPGrammar {
    /// A method or a header name: one or more `tchar` (RFC 9110, 5.6.2).
    static func isToken(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty { return false }
        for index in text.indices where !isTokenByte(text[index]) { return false }
        return true
    }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: isLetterOrDigit(byte)
        }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7A)
    }

    /// A header value: no control bytes but the tab (RFC 9110, 5.5).
    static func isValue(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            let byte = text[index]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return false }
        }
        return true
    }

    /// `uri-host [":" port]` (RFC 3986, 3.2.2), which may be empty.
    static func isHost(_ text: Span<UInt8>) -> Bool {
        var index = 0
        if !text.isEmpty, text[0] == UInt8(ascii: "[") {
            index = 1
            while index < text.count, text[index] != UInt8(ascii: "]") {
                let byte = text[index]
                guard isHostByte(byte) || byte == UInt8(ascii: ":") else { return false }
                index += 1
            }
            if index <= 1 || index == text.count { return false }
            index += 1
        } else {
            while index < text.count, text[index] != UInt8(ascii: ":") {
                if !isHostByte(text[index]) { return false }
                index += 1
            }
        }
        if index == text.count { return true }
        if text[index] != UInt8(ascii: ":") || text.count - index > 6 { return false }
        for digit in index + 1..<text.count where text[digit] < 0x30 || text[digit] > 0x39 {
            return false
        }
        return true
    }

    /// `unreserved`, `sub-delims` and the percent sign.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default: isLetterOrDigit(byte)
        }
    }
}

extension Span where Element == UInt8 {
    /// The bytes from `start` to the next `separator` or the end; `start` moves behind the separator.
    @_lifetime(copy self)
    func piece(from start: inout Int, upTo separator: UInt8) -> Span<UInt8> {
        let first = start
        while start < count, self[start] != separator { start += 1 }
        let piece = extracting(first..<start)
        start += 1
        return piece
    }
}
