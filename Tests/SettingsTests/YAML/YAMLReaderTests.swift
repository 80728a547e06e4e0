import Testing

@testable import Settings

struct YAMLReaderTests {
    private func read(_ text: String) throws(YAMLError) -> YAMLNode? {
        try YAMLReader.read(text.utf8Span.span)
    }

    private func mistake(_ text: String) -> YAMLError? {
        do throws(YAMLError) {
            _ = try read(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func `mappings, sequences and scalars are read with their slots`() throws {
        let node = try read("a: 1\nb:\n  - x\n  - \"2\"\nc: {}\n")
        guard case .mapping(let pairs, let place) = node else {
            Issue.record("no mapping")
            return
        }
        #expect(place == TextPlace(line: 1, column: 1))
        #expect(pairs.map(\.key) == ["a", "b", "c"])
        #expect(pairs[0].value == .scalar("1", isPlain: true, TextPlace(line: 1, column: 4)))
        #expect(
            pairs[1].value
                == .sequence(
                    [
                        .scalar("x", isPlain: true, TextPlace(line: 3, column: 5)),
                        .scalar("2", isPlain: false, TextPlace(line: 4, column: 5)),
                    ], TextPlace(line: 3, column: 3)))
        #expect(pairs[2].value == .mapping([], TextPlace(line: 5, column: 4)))
    }

    @Test(arguments: ["", "\n\n", "# nothing\n", "---\n", "---\n...\n"])
    func `a text without a value has none`(text: String) throws {
        #expect(try read(text)?.isNull ?? true)
    }

    @Test(arguments: [
        ("a: 1\na: 2\n", 2, 1, "duplicate key \"a\", first in line 1"),
        ("a: &x 1\n", 1, 4, "anchors and tags are not supported"),
        ("a: !!str 1\n", 1, 4, "anchors and tags are not supported"),
        ("a: *x\n", 1, 4, "aliases are not supported"),
        ("a: 1\n---\nb: 2\n", 2, 1, "more than one document"),
        ("[1]: 2\n", 1, 1, "a key must be a scalar"),
        ("a: b: c\n", 1, 5, "mapping values are not allowed in this context"),
        (
            "a:\n\t- b\n", 2, 1,
            "while scanning for the next token, found character that cannot start any token"
        ),
    ])
    func `an error has its line and column`(
        text: String, line: Int, column: Int, message: String
    ) {
        #expect(
            mistake(text)
                == YAMLError(place: TextPlace(line: line, column: column), message: message))
    }

    @Test func `a text that is nested too deep is refused`() {
        let open = String(repeating: "[", count: 100_000)
        #expect(mistake(open)?.message == "nested deeper than 16 levels")
    }

    @Test func `a text with too many values or bytes is refused`() {
        let many = "[" + String(repeating: "1,", count: 60_000) + "]"
        #expect(mistake(many)?.message == "more than 50000 values")
        let long = String(repeating: "#", count: YAMLReader.textLimit + 1)
        #expect(mistake(long)?.message == "file larger than 1048576 bytes")
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        let bytes: [UInt8] = Array("a: ".utf8) + [0xFF, 0x0A]
        #expect(throws: YAMLError.self) { try YAMLReader.read(bytes.span) }
    }
}
