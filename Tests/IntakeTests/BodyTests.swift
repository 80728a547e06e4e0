import Observation
import Testing

@testable import Intake

@Suite struct BodyTests {
    @Test(arguments: [
        "", " ", "{", "[", "[1", "]", "[{}", "[{},]", "[{}]]", "[{}] x", "{} {}", "{}]", "nul",
        "null", "3", "\"text\"", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\":01}",
        "{\"a\":1.}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}", "{\"a\":tru}", "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"b}", "{\"a\":\"\u{1}\"}", "[{}{}]", "{\"a\" 1}",
        "{\"a\":1 \"b\":2}", "[,]", "[{\"model\":\"m\"},{\"model\":\"m\"",
        "{\"model\":\"m\",\"x\":}",
        "{\"model\":\"m\",\"x\":[1 2]}", "{\"a\":1e}", "{\"a\":-}", "{\"a\":1x}",
        "{\"model\":\"m\"}\n{\"model\":\"m\"}",
    ])
    func `what is not JSONReader refuses the whole body`(body: String) throws {
        let decoded = Decoded(body)
        let problem = try #require(decoded.problem, "\(body)")
        #expect(!problem.isEmpty)
        #expect(decoded.batch.isEmpty && decoded.outcome.rejected == 0)
    }

    @Test func `invalid UTF-8 is named in the error`() throws {
        let bytes = Array("{\"model\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        #expect(try #require(Decoded(bytes: bytes).problem).contains("UTF-8"))
        let surrogate = Array("{\"model\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}".utf8)
        #expect(Decoded(bytes: surrogate).problem != nil)
    }

    @Test func `depth has a limit and costs no stack`() throws {
        for depth in [33, 1000, 1_000_000] {
            let nested = String(repeating: "[", count: depth)
            #expect(Decoded(nested).problem != nil)
            let closed = #"{"model":"m","x":\#(nested)\#(String(repeating: "]", count: depth))}"#
            #expect(try #require(Decoded(closed).problem).contains("deep"), "\(depth)")
        }
        let nested = String(repeating: "[", count: 30) + String(repeating: "]", count: 30)
        #expect(Decoded(#"{"model":"m","x":\#(nested)}"#).accepted == 1)
    }

    @Test func `an empty array is an empty push`() {
        let decoded = Decoded("[]")
        #expect(decoded.problem == nil && decoded.items == 0)
        #expect(Decoded("", form: .lines).items == 0)
        #expect(Decoded("\n \r\n", form: .lines).items == 0)
    }

    @Test func `an invalid line is rejected alone`() {
        let decoded = Decoded(
            "{\"model\":\"a\"}\r\n\n{\"model\":\n[{\"model\":\"b\"}]\n7\n{\"model\":\"c\"} x\n  {\"model\":\"d\"}",
            form: .lines)
        #expect(decoded.items == 6 && decoded.accepted == 2)
        #expect(decoded.batch.items == [0, 5])
        #expect(
            decoded.rejections.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                == ["1 syntax", "2 not_an_object", "3 syntax", "4 syntax"])
        #expect(decoded.runs == ["a/unversioned/- 0..<1", "d/unversioned/- 1..<2"])
    }

    @Test func `a line with invalid UTF-8 is rejected alone`() {
        let bytes =
            Array("{\"model\":\"a\"}\n{\"model\":\"".utf8) + [0xFF]
            + Array("\"}\n{\"model\":\"b\"}".utf8)
        let decoded = Decoded(bytes: bytes, form: .lines)
        #expect(decoded.batch.items == [0, 2])
    }

    @Test func `errors beyond the twentieth are counted`() {
        let decoded = Decoded(
            "[" + [String](repeating: "1", count: 50).joined(separator: ",") + "]")
        #expect(decoded.outcome.rejected == 50)
        #expect(decoded.rejections.count == 20 && decoded.outcome.omitted == 30)
    }

    @Test func `one element may hold so many values and no more`() throws {
        var limits = EventLimits()
        limits.tokens = 1000
        let body =
            #"{"model":"m","x":[\#([String](repeating: "1", count: 2000).joined(separator: ","))]}"#
        #expect(try #require(Decoded(body, limits: limits).problem).contains("too many values"))
        #expect(Decoded(body).accepted == 1)
    }
}
