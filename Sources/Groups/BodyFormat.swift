internal import Kernel

/// How a pushed body is written.
package enum BodyFormat: Sendable {
    /// Text 0.0.4, the default.
    case text
    /// Messages of io.prometheus.client.MetricFamily, each preceded by its length.
    case protobuf

    /// `contentType` is the header's value (RFC 9110, 8.3).
    package init(contentType: Span<UInt8>?) {
        self = .text
        guard let contentType else { return }
        var parts = Cursor(contentType)
        let type = parts.part(endedBy: UInt8(ascii: ";")).trimmed
        guard type.equalsIgnoringCase("application/vnd.google.protobuf") else { return }
        var isDelimited = false
        var isMetricFamily = false
        while !parts.isAtEnd {
            let parameter = parts.part(endedBy: UInt8(ascii: ";")).trimmed
            guard let equals = parameter.offset(of: UInt8(ascii: "=")) else { continue }
            let name = parameter.extracting(first: equals).trimmed
            let value = parameter.extracting(droppingFirst: equals + 1).trimmed.withoutQuotes
            if name.equalsIgnoringCase("encoding") { isDelimited = value.equals("delimited") }
            if name.equalsIgnoringCase("proto") {
                isMetricFamily = value.equals("io.prometheus.client.MetricFamily")
            }
        }
        if isDelimited, isMetricFamily { self = .protobuf }
    }
}

extension Span where Element == UInt8 {
    fileprivate var withoutQuotes: Span<UInt8> {
        @_lifetime(copy self)
        get {
            let quote = UInt8(ascii: "\"")
            guard count >= 2, self[0] == quote, self[count - 1] == quote else { return self }
            return extracting(1..<count - 1)
        }
    }
}
