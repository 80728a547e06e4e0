internal import Kernel
internal import Wire

/// The query of a request target, `name=value&name=value` (WHATWG URL, form-urlencoded).
package enum Query {
    /// The decoded values of every pair with this decoded name, in order.
    ///
    /// `+` is a blank. A pair with an invalid escape is left out, as Go's net/url does.
    package static func values(of name: StaticString, in query: Span<UInt8>) -> [String] {
        var values: [String] = []
        var start = 0
        while start < query.count {
            let pair = query.piece(from: &start, upTo: UInt8(ascii: "&"))
            let equals = pair.offset(of: UInt8(ascii: "=")) ?? pair.count
            guard let found = decode(pair.extracting(first: equals)), found.span.equals(name),
                let value = decode(pair.extracting(droppingFirst: min(equals + 1, pair.count)))
            else { continue }
            values.append(value.span.string)
        }
        return values
    }

    /// The decoded name of the first pair whose name is not in `known`; nil if all names are known. A
    /// name with an invalid escape is returned undecoded.
    package static func unknownName(in query: Span<UInt8>, known: [StaticString]) -> String? {
        var start = 0
        while start < query.count {
            let pair = query.piece(from: &start, upTo: UInt8(ascii: "&"))
            let equals = pair.offset(of: UInt8(ascii: "=")) ?? pair.count
            let written = pair.extracting(first: equals)
            if written.isEmpty { continue }
            guard let name = decode(written) else { return written.string }
            if !known.contains(where: { name.span.equals($0) }) { return name.span.string }
        }
        return nil
    }

    private static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        PercentEncoding.decoded(text, plusIsBlank: true)
    }
}
