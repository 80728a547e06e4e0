import HTTP
import Testing

/// What libmicrohttpd 0.9.75 answers, or lets pass, before it asks us: pinned here and told in
/// `docs/http.md`, so that another version of it is noticed.
@Suite(.blockingThreads) struct LibraryTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let request: String
        let status: Int
        var statusLines = 1
    }

    static let cases: [Case] = [
        Case(
            description: "a Content-Length that is no number is answered twice",
            request: "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
            status: 400, statusLines: 2),
        Case(
            description: "a negative Content-Length",
            request: "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
            status: 400, statusLines: 2),
        Case(
            description: "a Content-Length beyond 64 bits",
            request: "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: "
                + "99999999999999999999\r\n\r\n",
            status: 413, statusLines: 2),
        Case(
            description: "a chunk size that is no number",
            request: "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "zz\r\n",
            status: 400),
        Case(
            description: "a target that does not fit",
            request: "GET /" + String(repeating: "a", count: 40_000) + " HTTP/1.1\r\n", status: 414),
        Case(
            description: "a header that does not fit",
            request: "GET / HTTP/1.1\r\nHost: h\r\nA: " + String(repeating: "a", count: 40_000)
                + "\r\n\r\n", status: 431),
        Case(
            description: "too many headers",
            request: "GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 5000)
                + "\r\n", status: 431),
        Case(
            description: "HTTP 2", request: "GET / HTTP/2.0\r\nHost: h\r\n\r\n", status: 505),
        Case(description: "HTTP 0.9", request: "GET /\r\n\r\n", status: 400),
        Case(
            description: "a header without a colon",
            request: "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", status: 400),
    ]

    @Test(arguments: cases)
    func `it answers by itself and closes`(_ one: Case) throws {
        let fixture = try Fixture()
        let answer = try #require(try fixture.conversation(one.request + get("/hello")))
        let lines = answer.split(separator: "HTTP/1.", omittingEmptySubsequences: false).count - 1
        #expect(answer.dropFirst(8).hasPrefix(" \(one.status) "), "\(answer.prefix(80))")
        #expect(lines == one.statusLines)
        #expect(!answer.contains("hello"))
        #expect(eventually { fixture.server.statistics.activeRequests == 0 })
        #expect(eventually { fixture.server.statistics.openConnections == 0 })
    }

    @Test func `a NUL ends a target and a header value`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send("GET /query\0more HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.reply().text == "/query|")
        client.send(get("/agent", more: "User-Agent: a\0b\r\n"))
        #expect(client.reply().text == "a")
    }

    @Test func `bare line feeds are taken`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send("GET /query HTTP/1.1\nHost: h\n\n")
        #expect(client.reply().text == "/query|")
    }

    @Test func `empty lines before a request are skipped`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send("\r\n\r\n" + get("/hello"))
        #expect(client.reply().text == "hello\n")
    }

    @Test func `its messages reach the log, a few of them`() throws {
        var limits = Limits()
        limits.logLines = 3
        let fixture = try Fixture(limits: limits)
        for _ in 0..<10 {
            _ = try fixture.conversation(
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n")
        }
        let lines = fixture.lines.all
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { !$0.isEmpty && !$0.hasSuffix("\n") })
    }
}
