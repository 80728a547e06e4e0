import HTTP
import Testing

/// Each request ends its connection with at most one answer, and `GET /hello` behind it in the same
/// packet is never served.
@Suite(.blockingThreads) struct HostileTests {
    private func conversation(_ text: String) throws -> (String, Fixture) {
        let fixture = try Fixture()
        let answer = try #require(try fixture.conversation(text))
        #expect(!answer.contains("hello"))
        let client = try fixture.client()
        client.send(get("/hello"))
        #expect(client.reply().text == "hello\n", "the next client is served")
        return (answer, fixture)
    }

    private func statusLines(_ answer: String) -> Int {
        answer.split(separator: "HTTP/1.", omittingEmptySubsequences: false).count - 1
    }

    @Test(arguments: [
        (
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            400
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\nabc",
            400
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
        ),
        ("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (
            "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            501
        ),
        ("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        ("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n d\r\nE: f\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nA:\r\n\tb\r\nC: d\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n 9\r\nA: b\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nA: b\r\n \r\nC: d\r\n\r\n", 400),
        ("G@T /query HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nHost : h\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nA(: h\r\n\r\n", 400),
        ("GET /query HTTP/1.1\r\nHost: h\r\nA: \u{1}\r\n\r\n", 400),
        ("GET /query%2Fx HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /a/../query HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /a/%2e%2E/query HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /query%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /query%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /query%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /que ry HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET query HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ])
    func `the validator answers once and closes`(request: String, status: Int) throws {
        let (answer, fixture) = try conversation(request + get("/hello"))
        #expect(statusLines(answer) == 1)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") || answer.hasPrefix("HTTP/1.0 \(status) "))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(fixture.server.statistics.refusals(.malformed) == 1)
        #expect(fixture.server.statistics.answers(status: status) == 1)
    }
}
