import Scratch
import Testing

@testable import Profiles

struct InputTests {
    private func table(_ text: String, _ format: RowReader.Format = .csv) throws -> Table {
        let folder = try Folder()
        try folder.write(text, to: "rows")
        return try Table("\(folder.path)/rows", format)
    }

    @Test func `CSV is read as RFC 4180 has it`() throws {
        let text = "\u{FEFF}a,\"b,\"\"c\",d\r\n1,\"x\ny\",\r\n2,\"\"\"q\"\"\",z\n\"\",,\"last\""
        let table = try table(text)
        #expect(table.names == ["a", "b,\"c", "d"])
        #expect(table["a"] == ["1", "2", nil])
        #expect(table["b,\"c"] == ["x\ny", "\"q\"", nil])
        #expect(table["d"] == ["z", "last", nil])
    }

    @Test func `trailing empty lines are ignored, inner ones are missing values`() throws {
        #expect(try table("a,b\n1,2\n\n\n")["a"] == ["1"])
        #expect(try table("a\n1\n\n2\n")["a"] == ["1", "2", nil])
    }

    @Test func `records that cross the ends of blocks are whole`() throws {
        var text = "a,b,c\n"
        for row in 0..<60_000 { text += "\(row),\"text, \"\"\(row)\"\"\n\",\u{e4}\(row * 7)\n" }
        let table = try table(text)
        #expect(table["a"] == (0..<60_000).map { "\($0)" })
        #expect(table["b"][59_999] == "text, \"59999\"\n" && table["c"][59_999] == "\u{e4}419993")
        let long = String(repeating: "x", count: 3 << 20)
        let one = try self.table("a,b\n\(long),2\n1,\"\(long)\"\n")
        #expect(one["a"] == [long, "1"] && one["b"] == ["2", long])
    }

    private static let mistakes: [(String, String)] = [
        ("", "rows: the file is empty"),
        ("a,b\n", "rows: there are no rows"),
        ("a,b\n1\n", "rows:2:2: 1 field in this record, the header has 2"),
        ("a,b\n1,2\n1,2,3,4\n", "rows:3:5: 4 fields in this record, the header has 2"),
        ("a,b\n1,x\"y\n", "rows:2:4: a quote inside a field that does not start with one"),
        (
            "a,b\n1,\"x\"y\n",
            "rows:2:6: expected a comma or the end of the line after a quoted field"
        ),
        ("a,b\n1,2\n3,\"x\ny,z\n", "rows:3:3: the quoted field that starts here does not end"),
        ("a,b\n1,2\rx,y\n", "rows:2:4: a carriage return without a line feed"),
        ("a,b\n1,\0\n", "rows:2:3: a NUL byte"),
        ("a,b\n\"\nx\0\",2\n", "rows:3:2: a NUL byte"),
        ("a,b\n\n1,2\n", "rows:2:1: an empty line between records"),
        ("a,b,a\n1,2,3\n", "rows:1:5: column \"a\" occurs twice, as number 1 and 3"),
        ("a,,c\n1,2,3\n", "rows:1:3: a column without a name"),
    ]

    @Test(arguments: mistakes)
    func `broken CSV is an error with file, line and column`(text: String, error: String) throws {
        #expect(try complaint(text) == error)
    }

    @Test func `bytes that are no UTF-8 are an error where they stand`() throws {
        #expect(
            try complaint(Array("a,b\n1,\"x\ny".utf8) + [0xC3] + Array("\"\n".utf8))
                == "rows:3:2: invalid UTF-8")
        #expect(
            try complaint([0xFF, 0xFE, 0x61, 0, 0x0A, 0])
                == "rows:1:1: the file is UTF-16, UTF-8 is expected")
        #expect(
            try complaint([0x61, 0x0A] + [0xED, 0xA0, 0x80, 0x0A]) == "rows:2:1: invalid UTF-8")
    }

    @Test func `more columns than a profile may have are an error`() throws {
        let names = (0...200).map { "c\($0)" }.joined(separator: ",")
        #expect(try complaint("\(names)\n").hasSuffix("more than 200 columns"))
        let name = String(repeating: "n", count: 256)
        #expect(
            try complaint("\(name)\n1\n").hasSuffix("the name of a column is longer than 255 bytes")
        )
    }

    @Test func `JSON lines name their columns in any order and leave some out`() throws {
        let text =
            "{\"a\":1,\"b\":\"x\"}\r\n\n{\"b\":null,\"c\":true}\n{\"c\":\"\\u00e9\",\"a\":2.50}"
        let table = try table(text, .jsonl)
        #expect(table["a"] == ["1", "2.5", nil] && table["b"] == ["x", nil, nil])
        #expect(table["c"] == ["true", "\u{e9}", nil])
    }

    private static let badLines: [(String, String)] = [
        ("", "rows: the file is empty"),
        ("\n\n", "rows: there are no rows"),
        ("{\"a\":1}\n[1]\n", "rows:2:1: expected an object, found an array"),
        ("{\"a\":1}\n{\"a\":NaN}\n", "rows:2:6: NaN is not JSON; numbers must be finite"),
        (
            "{\"a\":1}\n{\"a\":[1]}\n",
            "rows:2:6: column \"a\": expected a number, a string, a boolean or null"
        ),
        ("{\"a\":1,\"a\":2}\n", "rows:1:8: member \"a\" occurs twice"),
        ("{\"a\":1\n", "rows:1:7: expected ',' or '}' after a member"),
        ("{\"\":1}\n", "rows:1:5: a column without a name"),
    ]

    @Test(arguments: badLines)
    func `broken JSON lines are an error with file, line and column`(text: String, error: String)
        throws
    {
        #expect(try complaint(text, .jsonl) == error)
    }

    private static let fields: [(String, Double?)] = [
        ("1", 1), ("-1.5e3", -1500), ("+7", 7), (".5", 0.5), (" 2 ", 2), ("1e400", .infinity),
        ("-1e400", -.infinity), ("1e-400", 0), ("inf", .infinity), ("-Infinity", -.infinity),
        ("1,5", nil), ("0x10", nil), ("1_000", nil), ("", nil), (" ", nil), ("+-1", nil),
        ("1e", nil),
        ("--1", nil), ("nano", nil), ("infinite", nil), ("-", nil), ("1 2", nil),
    ]

    @Test(arguments: fields)
    func `a field is a number or not`(text: String, value: Double?) {
        let bytes = Array(text.utf8)
        #expect(NumberText.field(bytes.span) == value)
        let nan = Array("NaN".utf8)
        #expect(NumberText.field(nan.span)?.isNaN == true)
    }
}
