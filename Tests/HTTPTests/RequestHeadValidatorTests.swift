import Testing

@testable import HTTP

@Suite struct RequestHeadValidatorTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        var method = "GET"
        var version = "HTTP/1.1"
        var host = true
        var headers: [(String, String)] = []
        let outcome: RequestHeadValidator.Verdict
    }

    static let refused = RequestHeadValidator.Verdict.refuse(400)
    static let empty = RequestHeadValidator.Verdict.proceed(.empty, expectsContinue: false)

    static let cases: [Case] = [
        Case(description: "a plain request", outcome: empty),
        Case(description: "no Host in 1.1", host: false, outcome: refused),
        Case(description: "no Host in 1.0", version: "HTTP/1.0", host: false, outcome: empty),
        Case(description: "two Hosts", headers: [("host", "h")], outcome: refused),
        Case(
            description: "two Hosts in 1.0", version: "HTTP/1.0", headers: [("HOST", "b")],
            outcome: refused),
        Case(
            description: "one length", headers: [("Content-Length", "5")],
            outcome: .proceed(.length(5), expectsContinue: false)),
        Case(description: "a length of 0", headers: [("Content-Length", "0")], outcome: empty),
        Case(
            description: "two equal lengths",
            headers: [("Content-Length", "5"), ("content-length", "5")], outcome: refused),
        Case(
            description: "two lengths in one header",
            headers: [("Content-Length", "5, 5")], outcome: refused),
        Case(description: "a signed length", headers: [("Content-Length", "+5")], outcome: refused),
        Case(description: "an empty length", headers: [("Content-Length", "")], outcome: refused),
        Case(
            description: "a hexadecimal length", headers: [("Content-Length", "0x5")],
            outcome: refused),
        Case(
            description: "a length beyond 64 bits",
            headers: [("Content-Length", "99999999999999999999")], outcome: refused),
        Case(
            description: "length and chunks",
            headers: [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
            outcome: refused),
        Case(
            description: "length and another coding",
            headers: [("Transfer-Encoding", "gzip"), ("Content-Length", "5")], outcome: refused),
        Case(
            description: "chunks", headers: [("transfer-encoding", "Chunked")],
            outcome: .proceed(.chunked, expectsContinue: false)),
        Case(
            description: "chunks twice",
            headers: [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
            outcome: refused),
        Case(
            description: "chunks and blanks", headers: [("Transfer-Encoding", "chunked ")],
            outcome: .refuse(501)),
        Case(
            description: "xchunked", headers: [("Transfer-Encoding", "xchunked")],
            outcome: .refuse(501)),
        Case(
            description: "gzip, chunked", headers: [("Transfer-Encoding", "gzip, chunked")],
            outcome: .refuse(501)),
        Case(
            description: "identity", headers: [("Transfer-Encoding", "identity")],
            outcome: .refuse(501)),
        Case(
            description: "an empty coding", headers: [("Transfer-Encoding", "")],
            outcome: .refuse(501)),
        Case(
            description: "chunks in 1.0", version: "HTTP/1.0",
            headers: [("Transfer-Encoding", "chunked")], outcome: refused),
        Case(description: "a method with a space", method: "GE T", outcome: refused),
        Case(description: "a method with an at sign", method: "G@T", outcome: refused),
        Case(description: "no method", method: "", outcome: refused),
        Case(description: "an unknown method", method: "BREW", outcome: empty),
        Case(description: "a name with a blank", headers: [("Host ", "h")], outcome: refused),
        Case(description: "an empty name", headers: [("", "h")], outcome: refused),
        Case(description: "a name with a slash", headers: [("a/b", "h")], outcome: refused),
        Case(description: "a value with a bell", headers: [("a", "x\u{7}y")], outcome: refused),
        Case(description: "a value with a line feed", headers: [("a", "x\ny")], outcome: refused),
        Case(description: "a value with DEL", headers: [("a", "x\u{7F}")], outcome: refused),
        Case(description: "a value with a tab and UTF-8", headers: [("a", "x\tü")], outcome: empty),
        Case(description: "HTTP 2", version: "HTTP/2.0", outcome: .refuse(505)),
        Case(description: "no version", version: "", outcome: .refuse(505)),
        Case(description: "a bad version", version: "HTTP/1.x", outcome: .refuse(505)),
        Case(description: "HTTP 1.2", version: "HTTP/1.2", outcome: empty),
        Case(
            description: "to be continued",
            headers: [("Content-Length", "5"), ("Expect", "100-Continue")],
            outcome: .proceed(.length(5), expectsContinue: true)),
        Case(
            description: "to be continued without a body",
            headers: [("Expect", "100-continue")], outcome: empty),
        Case(
            description: "to be continued in 1.0", version: "HTTP/1.0",
            headers: [("Content-Length", "5"), ("Expect", "100-continue")],
            outcome: .proceed(.length(5), expectsContinue: false)),
    ]

    @Test(arguments: cases)
    func `each request gets its outcome`(_ one: Case) {
        let headers = (one.host ? [("Host", "example.org")] : []) + one.headers
        #expect(
            RequestHeadValidator.outcome(method: one.method, version: one.version, headers: headers)
                == one.outcome)
    }

    @Test(arguments: [
        ("", true), ("h", true), ("h:80", true), ("h:", true), ("127.0.0.1:9100", true),
        ("[::1]", true), ("[::1]:9100", true), ("a_b.c-d~e", true), ("%41", true),
        ("h:8x", false), ("h:123456", false), ("h h", false), ("h/x", false), ("u@h", false),
        ("[::1", false), ("[]", false), ("[::1]x", false), ("h:80:80", false), ("a\"b", false),
        ("h,\tb", false), ("\\", false), ("<h>", false),
    ])
    func `a Host is a host and a port`(host: String, isGood: Bool) {
        let outcome = RequestHeadValidator.outcome(
            method: "GET", version: "HTTP/1.1", headers: [("Host", host)])
        #expect((outcome == Self.empty) == isGood)
    }
}
