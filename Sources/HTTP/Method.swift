internal import Kernel

/// The methods that a route can have (RFC 9110, 9).
package enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case options = "OPTIONS"
    case patch = "PATCH"

    init?(_ text: Span<UInt8>) {
        if text.equals("GET") {
            self = .get
        } else if text.equals("HEAD") {
            self = .head
        } else if text.equals("POST") {
            self = .post
        } else if text.equals("PUT") {
            self = .put
        } else if text.equals("DELETE") {
            self = .delete
        } else if text.equals("OPTIONS") {
            self = .options
        } else if text.equals("PATCH") {
            self = .patch
        } else {
            return nil
        }
    }
}
