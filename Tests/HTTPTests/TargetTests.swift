import Kernel
import Testing

@testable import HTTP

@Suite struct TargetTests {
    private func parse(_ raw: [UInt8]) -> String? {
        let (form, _, path, query) = parts(raw)
        return form == .plain ? path + "|" + query : nil
    }

    private func parts(
        _ raw: [UInt8]
    ) -> (form: Target.Form, authority: String, path: String, query: String) {
        var authority = Buffer(capacity: 1)
        var path = Buffer(capacity: 1)
        var rawPath = Buffer(capacity: 1)
        var query = Buffer(capacity: 1)
        let form = Target.parse(
            raw.span, authority: &authority, path: &path, rawPath: &rawPath, query: &query)
        return (form, authority.bytes.string, path.bytes.string, query.bytes.string)
    }

    @Test(arguments: [
        ("http://h/p", "h"), ("HTTP://Evil.Example:80/p", "Evil.Example:80"),
        ("https://[::1]:1?q", "[::1]:1"), ("/http://h", ""), ("*", ""), ("//h/p", ""),
        ("http://h", "h"), ("http://h?http://other/", "h"),
    ])
    func `the authority of an absolute form is kept`(raw: String, expected: String) {
        #expect(parts(Array(raw.utf8)).authority == expected)
    }

    @Test(arguments: [
        ("/", "/|"), ("/a/b", "/a/b|"), ("/a?", "/a|"), ("/a?b?c", "/a|b?c"),
        ("/a%20b%C3%BC", "/a bü|"), ("/%61", "/a|"), ("/a?%2F%zz/../", "/a|%2F%zz/../"),
        ("/a/..b/c..", "/a/..b/c..|"), ("/a/./b", "/a/./b|"), ("*", "*|"),
        ("http://h", "/|"), ("http://h?q", "/|q"), ("https://h:1/p?q", "/p|q"),
        ("http://[::1]:80/p", "/p|"), ("/http://h", "/http://h|"), ("//a", "//a|"),
    ])
    func `a target is taken apart`(raw: String, expected: String) {
        #expect(parse(Array(raw.utf8)) == expected)
    }

    @Test(arguments: [
        "", "a", "?q", "h:80", "/a%2Fb", "/a%2fb", "/%00", "/%0a", "/%7F", "/%", "/%4", "/%zz",
        "/%4z", "/..", "/../a", "/a/..", "/a/%2e%2e/b", "/a/.%2E", "/%2E./b", "/a b", "/a\tb",
        "/a\u{1}", "/a\u{7F}", "/a#b", "http://", "http:///p", "http://u@h/p", "http:/h",
        "ftp://h/p", "**", "http://h/../p", "http",
    ])
    func `what no honest client sends is refused`(raw: String) {
        #expect(parse(Array(raw.utf8)) == nil)
    }

    @Test func `no bytes at all make it fall over`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("/%.?#*:aF02e \u{0}http[]@".utf8) + [0xFF, 0x80]
        var accepted = 0
        for _ in 0..<5000 {
            let length = Int.random(in: 0..<24, using: &generator)
            let raw = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }
            if let parsed = parse([0x2F] + raw) {
                accepted += 1
                #expect(parsed.utf8.first == 0x2F)
            }
        }
        #expect(accepted > 0)
    }

    @Test func `a query's pairs are found by name and decoded`() {
        let query = Array("collect[]=cpu&x=1&collect%5B%5D=a+b%21&collect[]=%zz&&collect[]".utf8)
        #expect(Query.values(of: "collect[]", in: query.span) == ["cpu", "a b!", ""])
        #expect(Query.values(of: "x", in: query.span) == ["1"])
        #expect(Query.values(of: "y", in: query.span).isEmpty)
        #expect(Query.values(of: "x", in: [UInt8]().span).isEmpty)
    }
}

@Suite struct EncodingTests {
    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip", true), ("*", true),
        ("gzip;q=1.0", true), ("gzip;q=0.001", true), ("gzip ; Q=0.5", true), ("*;q=0.1", true),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", true), ("gzip;foo=bar", true), ("gzip;q=1,", true),
        ("", false), ("identity", false), ("deflate", false), ("gzip;q=0", false),
        ("gzip;q=0.000", false), ("*;q=0", false), ("gzip;q=0, *", false), ("*, gzip;q=0", false),
        ("gzip;q=", false), ("gzip;q=x", false), ("gzip;q=0.12345", false), ("xgzip", false),
        ("gzi", false), (";;,,;q", false), ("identity;q=1, gzip;q=0.0", false),
    ])
    func `gzip is used when it is asked for`(header: String, isAccepted: Bool) {
        let bytes = Array(header.utf8)
        let answer = AcceptEncoding.acceptsGzip(bytes.span)
        #expect(answer == isAccepted)
    }

    @Test func `without a header the answer stays plain`() {
        let isAccepted = AcceptEncoding.acceptsGzip(nil)
        #expect(!isAccepted)
    }
}
