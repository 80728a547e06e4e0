import Testing
import Wire

@testable import Wire

struct Base64URLTests {
    private func decode(_ text: String) throws -> String {
        String(decoding: try Base64URL.decode(text.utf8Span.span), as: UTF8.self)
    }

    @Test func `the vectors of RFC 4648 are decoded with and without padding`() throws {
        for (text, plain) in [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"),
        ] {
            #expect(try decode(text) == plain)
            #expect(try decode(String(text.prefix { $0 != "=" })) == plain)
        }
        #expect(try Base64URL.decode("_-8".utf8Span.span) == [0xFF, 0xEF])
    }

    @Test(arguments: [("a b", 1), ("ab+c", 2), ("ab/c", 2), ("Z", 0), ("Zm9vY", 4), ("Z=g", 1)])
    func `invalid base64 is rejected with its offset`(text: String, offset: Int) {
        #expect(throws: Base64URL.DecodingError(offset: offset)) { try decode(text) }
    }
}
