/// In which words a server refuses below a path: what it answers without asking a route.
package struct ErrorFormat: Sendable {
    /// The paths that begin with it, as they came.
    package let prefix: String
    package let contentType: String
    /// The body for a status and a sentence.
    let body: @Sendable (Int, String) -> String

    package init(
        prefix: String, contentType: String, body: @escaping @Sendable (Int, String) -> String
    ) {
        self.prefix = prefix
        self.contentType = contentType
        self.body = body
    }

    /// The sentence as a line of text, everywhere.
    package static let plain = ErrorFormat(prefix: "", contentType: "text/plain; charset=utf-8") {
        _, sentence in sentence + "\n"
    }
}
