/// The description of the push listener that it serves itself.
enum OpenAPI {
    static let text = "{}"
}
