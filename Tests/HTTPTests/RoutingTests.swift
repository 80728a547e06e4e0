import HTTP
import Kernel
import Testing

@Suite(.blockingThreads) struct RoutingTests {
    @Test func `HEAD has the headers of GET and no body`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(get("/hello"))
        let whole = client.reply()
        client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n" + get("/query?next"))
        let bare = client.reply(isBodiless: true)
        #expect(bare.status == 200)
        #expect(bare.header("content-length") == "6")
        #expect(bare.headers.map(\.name) == whole.headers.map(\.name))
        #expect(client.reply().text == "/query|next")
    }

    @Test func `a response that is a text says so`() throws {
        let fixture = try Fixture(routes: [
            Route("/text") { _ in Response(status: 503, text: "später\n") }
        ])
        let client = try fixture.client()
        client.send(get("/text"))
        let reply = client.reply()
        #expect(reply.status == 503 && reply.text == "später\n")
        #expect(reply.header("content-type") == "text/plain; charset=utf-8")
    }

    @Test func `a prefix gets every path below it that has no route of its own`() throws {
        let seen: @Sendable (borrowing Request) -> Response = { request in
            Response(status: 200, body: request.rawPath.string + "|" + request.path.string)
        }
        let fixture = try Fixture(routes: [
            Route(prefix: "/metrics/", answer: seen),
            Route(prefix: "/metrics/job/deep/", methods: [.get]) { _ in
                Response(status: 202, body: "deep")
            },
            Route("/metrics/own", constant: Response(status: 204)),
        ])
        let client = try fixture.client()
        for (raw, path) in [
            ("/metrics/", "/metrics/"), ("/metrics/job/a%2Fb//c?q", "/metrics/job/a/b//c"),
            ("/metrics/../%00", "/metrics/../\0"), ("/m%65trics/%C3%BC", "/metrics/ü"),
        ] {
            client.send(post(raw, body: "x"))
            #expect(client.reply().text == raw.prefix { $0 != "?" } + "|" + path)
        }
        client.send(get("/metrics/own") + get("/metrics/job/deep/x") + get("/metrics"))
        #expect(client.reply().status == 204)
        #expect(client.reply().status == 202)
        #expect(client.reply().status == 404)
        client.send(post("/metrics/job/deep/x", body: "") + get("/metrics%2F") + get("/hello%2Fx"))
        #expect(client.reply().header("allow") == "GET, HEAD")
        #expect(client.reply().status == 200)
        #expect(client.reply().status == 400)
        let answer = try #require(try fixture.conversation(get("/metrics/%zz")))
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
    }

    @Test func `who admits sees a request before its body and may refuse it`() throws {
        let fixture = try Fixture(admit: { request in
            guard request.header("origin") != nil else { return nil }
            let isEarly = request.body.isEmpty
            #expect(isEarly)
            return Response(status: 403, body: "no")
        })
        let client = try fixture.client()
        client.send(
            post("/echo", body: "body", more: "Origin: http://evil.example\r\n")
                + post("/echo", body: "b"))
        #expect(client.reply().status == 403)
        #expect(client.reply().text == "b")
        client.send(
            "POST /echo HTTP/1.1\r\nHost: h\r\nOrigin: null\r\nContent-Length: 5\r\n"
                + "Expect: 100-continue\r\n\r\n")
        #expect(client.reply().status == 403)
    }

    @Test func `errors of the server have the format of the path's prefix`() throws {
        let json = ErrorFormat(prefix: "/v1/", contentType: "application/json") {
            status, sentence in
            "{\(status): \(sentence)}"
        }
        var limits = Limits()
        limits.bodyBytes = 100
        limits.encodedBodyBytes = 10
        let fixture = try Fixture(
            limits: limits,
            routes: [Route("/v1/echo", methods: [.post]) { _ in Response(status: 200) }],
            errorFormats: [json])
        let client = try fixture.client()
        client.send(get("/v1/x") + get("/x") + get("/v1/echo"))
        let unknown = client.reply()
        #expect(unknown.header("content-type") == "application/json")
        #expect(unknown.text == "{404: path not found}")
        #expect(client.reply().text == "path not found\n")
        #expect(client.reply().text.hasPrefix("{405: "))
        client.send(post("/v1/echo", body: String(repeating: "b", count: 101)))
        #expect(client.reply().text.contains("limit 100 bytes"))
        let gzip = "Content-Encoding: gzip\r\n"
        client.send(
            post("/v1/echo", body: "0123456789", more: gzip)
                + post("/v1/echo", body: "0123456789+", more: gzip))
        #expect(client.reply().status == 200)
        #expect(client.reply().text.contains("limit 10 compressed bytes"))
    }

    @Test func `an attachment stays with its connection`() throws {
        final class Count: Sendable {
            let value: Int
            init(_ value: Int) { self.value = value }
        }
        let fixture = try Fixture(routes: [
            Route("/count") { request in
                let count = ((request.attachment as? Count)?.value ?? 0) + 1
                request.attach(Count(count))
                return Response(status: 200, body: "\(count)")
            }
        ])
        let client = try fixture.client()
        client.send(get("/count") + get("/count"))
        #expect(client.reply().text == "1")
        #expect(client.reply().text == "2")
        let other = try fixture.client()
        other.send(get("/count"))
        #expect(other.reply().text == "1")
    }

    @Test func `an unknown path is 404 and the connection stays`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        for path in ["/", "/hell", "/hello/", "//hello", "/Hello", "/hello%20"] {
            client.send(get(path))
            #expect(client.reply().status == 404, "\(path)")
        }
        client.send(post("/nothing", body: "a body that no route reads") + get("/hello"))
        #expect(client.reply().status == 404)
        #expect(client.reply().status == 200)
    }

    @Test func `a wrong method is 405 and names the right ones`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(post("/hello", body: "x"))
        let constant = client.reply()
        #expect(constant.status == 405)
        #expect(constant.header("allow") == "GET, HEAD")
        client.send("BREW /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        let echo = client.reply()
        #expect(echo.status == 405)
        #expect(echo.header("allow") == "POST, PUT")
        client.send("get /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.reply().status == 405)
    }

    @Test(arguments: [
        ("/query?a=1&b=%2F", "/query|a=1&b=%2F"),
        ("/query?", "/query|"),
        ("/query", "/query|"),
        ("/%71uery?x", "/query|x"),
        ("http://example.org/query?x", "/query|x"),
        ("HTTP://example.org:80/query", "/query|"),
    ])
    func `a query and the form of the target do not matter`(
        target: String, expected: String
    ) throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(get(target))
        #expect(client.reply().text == expected)
    }

    @Test func `a header is found in either case`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(get("/agent", more: "uSER-aGENT: me\r\n"))
        #expect(client.reply().text == "me")
        client.send(get("/agent"))
        #expect(client.reply().text == "none")
    }

    @Test func `a client that sends Expect gets 100 Continue`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.reply().status == 100)
        client.send("body")
        #expect(client.reply().text == "body")
        #expect(client.staysOpen(milliseconds: 50))
    }

    @Test func `a refused request with Expect is answered at once`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(
            "POST /none HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        let reply = client.reply()
        #expect(reply.status == 404)
        #expect(reply.header("connection") == "close")
        #expect(client.rest() == "")
    }
}
