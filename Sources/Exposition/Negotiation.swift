internal import Kernel

/// Chooses the format that a scraper prefers among the supported ones.
///
/// The highest `q` wins, and among equals the first; unknown types are ignored. Without a header or
/// without a supported type the result is text 0.0.4, which every scraper reads.
/// RFC 9110 §12.5.1; Accept strings of Prometheus 2.42 to 3.14.
package enum Negotiation {
    /// The preferred format; protobuf only if `offersProtobuf`.
    package static func format(accept: Span<UInt8>?, offersProtobuf: Bool = false) -> Format {
        guard let accept else { return .text }
        var best = Format.text
        var bestQuality = 0
        var ranges = Cursor(accept)
        while !ranges.isAtEnd {
            let range = ranges.part(endedBy: 0x2C)
            let (format, quality) = candidate(range)
            if format == .protobuf, !offersProtobuf { continue }
            if let format, quality > bestQuality {
                best = format
                bestQuality = quality
            }
        }
        return best
    }

    /// The format of one media range, or nil if it is not supported, and its quality in thousandths.
    private static func candidate(_ range: Span<UInt8>) -> (Format?, Int) {
        var parts = Cursor(range)
        let type = parts.part(endedBy: 0x3B).trimmed
        var version = Version.absent
        var quality = 1000
        var isDelimited = false
        var isFamily = false
        while !parts.isAtEnd {
            let parameter = parts.part(endedBy: 0x3B).trimmed
            var fields = Cursor(parameter)
            guard let name = fields.text(before: 0x3D) else { continue }
            let value = fields.rest.trimmed
            if name.trimmed.equalsIgnoringCase("q") {
                quality = thousandths(value)
            } else if name.trimmed.equalsIgnoringCase("version") {
                version = Version(value)
            } else if name.trimmed.equalsIgnoringCase("encoding") {
                isDelimited = value.equals("delimited")
            } else if name.trimmed.equalsIgnoringCase("proto") {
                isFamily = value.equals("io.prometheus.client.MetricFamily")
            }
        }
        if type.equalsIgnoringCase("application/openmetrics-text") {
            return (version == .other || version == .text ? nil : .openMetrics, quality)
        }
        if type.equalsIgnoringCase("application/vnd.google.protobuf") {
            return (isFamily && isDelimited ? .protobuf : nil, quality)
        }
        if type.equalsIgnoringCase("text/plain") {
            return (version == .absent || version == .text ? .text : nil, quality)
        }
        if type.equals("*/*") || type.equalsIgnoringCase("text/*") { return (.text, quality) }
        if type.equalsIgnoringCase("application/*") { return (.openMetrics, quality) }
        return (nil, quality)
    }

    private enum Version {
        case absent, text, openMetrics, other

        init(_ value: Span<UInt8>) {
            if value.equals("0.0.4") {
                self = .text
            } else if value.equals("1.0.0") || value.equals("0.0.1") {
                self = .openMetrics
            } else {
                self = .other
            }
        }
    }

    /// A quality value in thousandths; 0, which is never chosen, if it is malformed.
    private static func thousandths(_ value: Span<UInt8>) -> Int {
        var cursor = Cursor(value)
        guard let quality = cursor.decimal(), cursor.isAtEnd, quality >= 0, quality <= 1 else {
            return 0
        }
        return Int((quality * 1000).rounded())
    }
}
