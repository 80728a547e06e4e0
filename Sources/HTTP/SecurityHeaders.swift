/// Headers that every response has: browsers must not guess the type of a response, load anything for it,
/// show it inside of another page, or give it to a page of another origin.
package enum SecurityHeaders {
    package static let all: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}
