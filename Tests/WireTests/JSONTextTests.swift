import Testing
import Wire

struct JSONTextTests {
    private func text(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `quotes, backslashes and control characters are escaped`() {
        #expect(text("plain é") == "\"plain é\"")
        #expect(text("\"\\") == #""\"\\""#)
        #expect(text("\u{8}\t\n\u{c}\r") == #""\b\t\n\f\r""#)
        #expect(text("\u{0}\u{f}\u{1f} ") == "\"\\u0000\\u000f\\u001f \"")
    }

    @Test func `DEL is escaped only for terminals`() {
        #expect(text("\u{7f}") == "\"\u{7f}\"")
        #expect(JSONText.quoted("\u{7f}~") == "\"\\u007f~\"")
    }

    @Test func `a writer puts commas between elements, and braces around members`() {
        var members = JSONWriter()
        members.raw("\"a\":1")
        var writer = JSONWriter()
        writer.array([1, 2, 3]) { $1.number($0) }
        writer.array([Int]()) { $1.number($0) }
        writer.object(members)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[1,2,3][]{\"a\":1}")
    }

    @Test func `hexadecimal numbers have all their digits`() {
        #expect(Hexadecimal.text(0x0123_4567_89ab_cdef) == "0123456789abcdef")
        #expect(Hexadecimal.text([0x00, 0x0a, 0xa0, 0xff]) == "000aa0ff")
        #expect(Hexadecimal.value("0123456789abcdef") == 0x0123_4567_89ab_cdef)
        for text in [
            "", "0", "0123456789abcdeF", "0123456789abcde", "0123456789abcdef0", "g123456789abcdef",
        ] {
            #expect(Hexadecimal.value(text) == nil, "\(text)")
        }
    }
}
