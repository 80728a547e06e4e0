/// The format of error bodies that a server sends without asking a route, for paths with a prefix.
package struct ErrorFormat: Sendable {
    /// Prefix of raw request paths for which the format is used.
    package let prefix: String
    package let contentType: String
    /// Makes the body from a status and a sentence without a full stop.
    let body: @Sendable (Int, String) -> String

    package init(
        prefix: String, contentType: String, body: @escaping @Sendable (Int, String) -> String
    ) {
        self.prefix = prefix
        self.contentType = contentType
        self.body = body
    }

    /// The sentence as one line of plain text; used for all paths.
    package static let plain = ErrorFormat(prefix: "", contentType: "text/plain; charset=utf-8") {
        _, sentence in sentence + "\n"
    }
}
