/// In which words a server refuses below a path: what it answers without asking a route.
public struct Voice: Sendable {
    /// The paths that begin with it, as they came.
    public let prefix: String
    public let contentType: String
    /// The body for a status and a sentence.
    let body: @Sendable (Int, String) -> String

    public init(
        prefix: String, contentType: String, body: @escaping @Sendable (Int, String) -> String
    ) {
        self.prefix = prefix
        self.contentType = contentType
        self.body = body
    }

    /// The sentence as a line of text, everywhere.
    public static let plain = Voice(prefix: "", contentType: "text/plain; charset=utf-8") {
        _, sentence in sentence + "\n"
    }
}
