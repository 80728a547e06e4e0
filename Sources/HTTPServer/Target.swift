internal import Kernel

/// A request target (RFC 9112, 3.2), read from its raw bytes.
enum Target {
    /// Replaces what `path` holds by the decoded path of `raw` and what `query` holds by its query
    /// as it came, without the question mark.
    ///
    /// False for what no honest client sends: white space, control bytes or `#`, escapes that are
    /// none, an encoded slash or control byte, a segment `..`, and targets that are neither
    /// `/path`, `http://host/path` nor `*`.
    static func parse(_ raw: Span<UInt8>, path: inout Buffer, query: inout Buffer) -> Bool {
        path.removeAll()
        query.removeAll()
        for index in raw.indices {
            let byte = raw[index]
            if byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "#") { return false }
        }
        if raw.equals("*") {
            path.append(UInt8(ascii: "*"))
            return true
        }
        guard let start = pathStart(raw) else { return false }
        let mark = raw.extracting(droppingFirst: start).offset(of: UInt8(ascii: "?"))
        let end = mark.map { start + $0 } ?? raw.count
        if start == end { path.append(UInt8(ascii: "/")) }
        guard decode(raw.extracting(start..<end), into: &path), !climbs(path.bytes) else {
            return false
        }
        query.append(raw.extracting(droppingFirst: min(end + 1, raw.count)))
        return true
    }

    /// Where the path begins: at the first byte, or behind the authority of an absolute URI.
    private static func pathStart(_ raw: Span<UInt8>) -> Int? {
        if raw.starts(with: "/") { return 0 }
        var scheme = 0
        while scheme < raw.count, raw[scheme] != UInt8(ascii: ":") { scheme += 1 }
        let name = raw.extracting(first: scheme)
        guard name.equalsIgnoringCase("http") || name.equalsIgnoringCase("https"),
            raw.extracting(droppingFirst: scheme).starts(with: "://")
        else { return nil }
        let first = scheme + 3
        var end = first
        while end < raw.count, raw[end] != UInt8(ascii: "/"), raw[end] != UInt8(ascii: "?") {
            end += 1
        }
        let authority = raw.extracting(first..<end)
        return authority.isEmpty || !Token.isHost(authority) ? nil : end
    }

    private static func decode(_ text: Span<UInt8>, into path: inout Buffer) -> Bool {
        path.reserve(text.count)
        var index = 0
        while index < text.count {
            var byte = text[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < text.count, let high = text[index + 1].hexadecimalValue,
                    let low = text[index + 2].hexadecimalValue
                else { return false }
                byte = high << 4 | low
                if byte == UInt8(ascii: "/") || byte < 0x20 || byte == 0x7F { return false }
                index += 2
            }
            path.append(byte)
            index += 1
        }
        return true
    }

    /// Whether a segment is `..`.
    private static func climbs(_ path: Span<UInt8>) -> Bool {
        var start = 0
        while start < path.count {
            if path.piece(from: &start, upTo: UInt8(ascii: "/")).equals("..") { return true }
        }
        return false
    }
}
