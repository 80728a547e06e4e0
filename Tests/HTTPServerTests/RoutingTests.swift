import HTTPServer
import Testing

@Suite struct RoutingTests {
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

    @Test func `an unknown path is 404 and the connection stays`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        for path in ["/", "/hell", "/hello/", "//hello", "/Hello", "/hello%20"] {
            client.send(get(path))
            #expect(client.reply().status == 404, "\(path)")
        }
        client.send(post("/nothing", "a body that nobody wants") + get("/hello"))
        #expect(client.reply().status == 404)
        #expect(client.reply().status == 200)
    }

    @Test func `a wrong method is 405 and names the right ones`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(post("/hello", "x"))
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
        client.send(get("/agent", "uSER-aGENT: me\r\n"))
        #expect(client.reply().text == "me")
        client.send(get("/agent"))
        #expect(client.reply().text == "none")
    }

    @Test func `a client that asks to continue is told to`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.reply().status == 100)
        client.send("body")
        #expect(client.reply().text == "body")
        #expect(client.staysOpen(milliseconds: 50))
    }

    @Test func `a client that asks to continue with a refused request is told so at once`() throws {
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
