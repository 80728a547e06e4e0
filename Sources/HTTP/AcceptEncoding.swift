internal import Kernel

/// The header Accept-Encoding (RFC 9110, 12.5.3).
package enum AcceptEncoding {
    /// Whether `header` lists gzip, or `*`, with a weight above 0. False without a header: a client
    /// that does not send one gets plain bytes.
    package static func acceptsGzip(_ header: Span<UInt8>?) -> Bool {
        guard let header else { return false }
        var named: Bool?
        var wildcard: Bool?
        var start = 0
        while start < header.count {
            let item = header.piece(from: &start, upTo: UInt8(ascii: ","))
            let semicolon = item.offset(of: UInt8(ascii: ";")) ?? item.count
            let coding = item.extracting(first: semicolon).trimmed
            let isWanted = !isRefused(
                item.extracting(droppingFirst: min(semicolon + 1, item.count)))
            if coding.equalsIgnoringCase("gzip") || coding.equalsIgnoringCase("x-gzip") {
                named = (named ?? false) || isWanted
            } else if coding.equals("*") {
                wildcard = (wildcard ?? false) || isWanted
            }
        }
        return named ?? wildcard ?? false
    }

    /// Whether a coding's parameters hold a weight of 0 or an invalid weight.
    private static func isRefused(_ parameters: Span<UInt8>) -> Bool {
        var start = 0
        while start < parameters.count {
            let parameter = parameters.piece(from: &start, upTo: UInt8(ascii: ";"))
            guard let equals = parameter.offset(of: UInt8(ascii: "=")),
                parameter.extracting(first: equals).trimmed.equalsIgnoringCase("q")
            else { continue }
            return !isPositive(parameter.extracting(droppingFirst: equals + 1).trimmed)
        }
        return false
    }

    /// `1`, or `0.` and up to three digits of which one is not 0 (RFC 9110, 12.4.2).
    private static func isPositive(_ weight: Span<UInt8>) -> Bool {
        if weight.isEmpty || weight.count > 5 { return false }
        if weight.count > 1, weight[1] != UInt8(ascii: ".") { return false }
        var isPositive = false
        for index in weight.indices where index != 1 {
            guard weight[index] >= 0x30, weight[index] <= 0x39 else { return false }
            if weight[index] != 0x30 { isPositive = true }
        }
        return isPositive
    }
}
