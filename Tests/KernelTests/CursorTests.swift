import Kernel
import Testing

struct CursorTests {
    @Test func `numbers end where digits end and overflow is no number`() {
        #expect(number("42 rest") == 42)
        #expect(number("  7") == 7)
        #expect(number("18446744073709551615") == .max)
        #expect(number("18446744073709551616") == nil)
        #expect(number("99999999999999999999") == nil)
        #expect(number("00000000000000000000001") == 1)
        #expect(number("-1") == nil)
        #expect(number("") == nil)
        #expect(number("x") == nil)
    }

    @Test func `digits are 0 to 9, and their neighbours in ASCII are not`() {
        for (text, value) in [("09", 9), ("90", 90)] as [(String, UInt64)] {
            let bytes = Array(text.utf8)
            #expect(number(text) == value)
            #expect(bytes.span.unsigned == value)
            #expect(bytes.span.signed == Int64(value))
            #expect(bytes.span.decimalNumber == Double(value))
            // A leading zero makes it octal, where 9 is no digit.
            #expect(bytes.span.prefixedUnsigned == (text == "09" ? nil : value))
        }
        for text in ["/", ":", "1/", "1:", "/9", ":9"] {
            let bytes = Array(text.utf8)
            #expect(bytes.span.unsigned == nil, "\(text)")
            #expect(bytes.span.signed == nil, "\(text)")
            #expect(bytes.span.prefixedUnsigned == nil, "\(text)")
        }
        for (text, value) in [
            ("0", 0), ("9", 9), ("a", 10), ("f", 15), ("A", 10), ("F", 15), ("/", nil), (":", nil),
            ("@", nil), ("G", nil), ("`", nil), ("g", nil),
        ] as [(String, UInt8?)] {
            #expect(Array(text.utf8)[0].hexadecimalValue == value, "\(text)")
        }
    }

    @Test func `a field must end at a blank`() {
        let text: [UInt8] = Array("12 13x".utf8)
        var cursor = Cursor(text.span)
        #expect(cursor.field() == 12)
        #expect(cursor.field() == nil)
    }

    @Test(arguments: [("ff", 255), ("0012", 18), ("DEADBEEF", 0xDEAD_BEEF)] as [(String, UInt64)])
    func `hexadecimal digits of either case`(text: String, value: UInt64) {
        let bytes = Array(text.utf8)
        var cursor = Cursor(bytes.span)
        #expect(cursor.hexadecimal() == value)
    }

    @Test func `seventeen hexadecimal digits do not fit`() {
        let bytes = Array("10000000000000000".utf8)
        var cursor = Cursor(bytes.span)
        #expect(cursor.hexadecimal() == nil)
    }

    @Test func `lines come one by one and the last needs no line feed`() {
        let bytes = Array("a\n\nlast".utf8)
        var cursor = Cursor(bytes.span)
        var lines: [String] = []
        while let line = cursor.line() { lines.append(line.rest.string) }
        #expect(lines == ["a", "", "last"])
    }

    @Test func `words are parted by blanks and tabs`() {
        let bytes = Array(" one\ttwo  three ".utf8)
        var cursor = Cursor(bytes.span)
        var words: [String] = []
        while let word = cursor.word() { words.append(word.string) }
        #expect(words == ["one", "two", "three"])
    }

    @Test func `decimals take what strtod takes and leave the rest`() {
        let bytes = Array("0.25 1e3 x".utf8)
        var cursor = Cursor(bytes.span)
        #expect(cursor.decimal() == 0.25)
        #expect(cursor.decimal() == 1000)
        #expect(cursor.decimal() == nil)
        cursor.skipBlanks()
        #expect(cursor.rest.string == "x")
    }

    @Test func `white space at the ends goes, and what is inside stays`() {
        let bytes = Array(" \t a b\r\n".utf8)
        #expect(bytes.span.trimmed.string == "a b")
        let blank = Array(" \n".utf8)
        #expect(blank.span.trimmed.count == 0)
    }

    private func number(_ text: String) -> UInt64? {
        let bytes = Array(text.utf8)
        var cursor = Cursor(bytes.span)
        return cursor.number()
    }
}
