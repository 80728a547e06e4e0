import Kernel
import Testing
import Wire

struct PercentEncodingTests {
    private func decode(_ text: String, plusIsBlank: Bool = false) -> String? {
        PercentEncoding.decoded(text.utf8Span.span, plusIsBlank: plusIsBlank)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `escapes of either case become bytes, all else stays`() {
        #expect(decode("") == "")
        #expect(decode("a/b") == "a/b")
        #expect(decode("%41%6a%6A%20%c3%A9") == "Ajj é")
        #expect(decode("%25") == "%")
        #expect(decode("x%31") == "x1", "an escape may end the text")
    }

    @Test(arguments: ["%", "a%", "%4", "a%4", "%4g", "%g4", "%%41", "%-1"])
    func `an escape without two hexadecimal digits is invalid`(text: String) {
        #expect(decode(text) == nil)
    }

    @Test func `a plus is a blank in forms only, and an escaped one never`() {
        #expect(decode("a+b%2B") == "a+b+")
        #expect(decode("a+b%2B", plusIsBlank: true) == "a b+")
    }

    @Test func `bytes tell whether they were escaped`() {
        var seen: [Bool] = []
        #expect(PercentEncoding.decode("a%62c".utf8Span.span) { seen.append($1) })
        #expect(seen == [false, true, false])
    }
}
