internal import Kernel

/// The coding of a body, from its Content-Encoding header (RFC 9110, 8.4).
package enum ContentEncoding: Sendable {
    case identity
    case gzip
    /// Anything else, also several one after the other.
    case unknown

    /// `header` is nil if the request has no Content-Encoding.
    package init(_ header: Span<UInt8>?) {
        guard let text = header?.trimmed, !text.isEmpty else {
            self = .identity
            return
        }
        if text.equalsIgnoringCase("gzip") || text.equalsIgnoringCase("x-gzip") {
            self = .gzip
        } else {
            self = text.equalsIgnoringCase("identity") ? .identity : .unknown
        }
    }
}
