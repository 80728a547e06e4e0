internal import Kernel
internal import Wire

/// A request target (RFC 9112, 3.2), read from its raw bytes.
enum Target {
    /// Whether and by whom a target may be answered.
    enum Form: Equatable, Sendable {
        /// White space, control bytes, `#` or invalid escapes in it, or neither `/path`,
        /// `http://host/path` nor `*`.
        case malformed
        /// Its path could be read in two ways: it has a segment `..` or an encoded slash or control
        /// byte. Only prefix routes, which read the raw path, may answer it.
        case ambiguous
        case plain
    }

    /// Parses `raw` into the authority of an absolute form, the decoded path, the raw path and the raw
    /// query without its question mark. The buffers' earlier contents are replaced.
    static func parse(
        _ raw: Span<UInt8>, authority: inout Buffer, path: inout Buffer, rawPath: inout Buffer,
        query: inout Buffer
    ) -> Form {
        authority.removeAll()
        path.removeAll()
        rawPath.removeAll()
        query.removeAll()
        for index in raw.indices {
            let byte = raw[index]
            if byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "#") { return .malformed }
        }
        if raw.equals("*") {
            path.append(UInt8(ascii: "*"))
            rawPath.append(UInt8(ascii: "*"))
            return .plain
        }
        guard let (host, start) = pathStart(raw) else { return .malformed }
        authority.append(raw.extracting(host))
        let mark = raw.extracting(droppingFirst: start).offset(of: UInt8(ascii: "?"))
        let end = mark.map { start + $0 } ?? raw.count
        if start == end {
            path.append(UInt8(ascii: "/"))
            rawPath.append(UInt8(ascii: "/"))
        }
        let encoded = raw.extracting(start..<end)
        guard let isPlain = decode(encoded, into: &path) else { return .malformed }
        rawPath.append(encoded)
        query.append(raw.extracting(droppingFirst: min(end + 1, raw.count)))
        return isPlain && !hasParentSegment(path.bytes) ? .plain : .ambiguous
    }

    /// The authority, empty unless the target is an absolute URI, and the offset of the path behind it; nil
    /// for neither form.
    private static func pathStart(_ raw: Span<UInt8>) -> (authority: Range<Int>, path: Int)? {
        if raw.starts(with: "/") { return (0..<0, 0) }
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
        return authority.isEmpty || !HTTPGrammar.isHost(authority) ? nil : (first..<end, end)
    }

    /// Returns nil for an invalid escape, false when one encodes a slash or a control byte.
    private static func decode(_ text: Span<UInt8>, into path: inout Buffer) -> Bool? {
        path.reserve(text.count)
        var isPlain = true
        let isValid = PercentEncoding.decode(text) { byte, isEscaped in
            if isEscaped, byte == UInt8(ascii: "/") || byte < 0x20 || byte == 0x7F {
                isPlain = false
            }
            path.append(byte)
        }
        return isValid ? isPlain : nil
    }

    /// Whether a segment is `..`.
    private static func hasParentSegment(_ path: Span<UInt8>) -> Bool {
        var start = 0
        while start < path.count {
            if path.piece(from: &start, upTo: UInt8(ascii: "/")).equals("..") { return true }
        }
        return false
    }
}
