import Glibc
import HTTP
import Synchronization
import Testing

@Suite(.blockingThreads) struct ConnectionTests {
    @Test func `a kept connection serves many requests`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        for _ in 0..<200 {
            client.send(get("/hello"))
            #expect(client.reply().text == "hello\n")
        }
        #expect(fixture.server.statistics.acceptedConnections == 1)
        #expect(fixture.server.statistics.answers(status: 200) == 200)
        #expect(eventually { fixture.server.statistics.activeRequests == 0 })
    }

    @Test func `three requests in one packet are answered in order`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(get("/query?1") + get("/query?2") + get("/query?3"))
        #expect((0..<3).map { _ in client.reply().text } == ["/query|1", "/query|2", "/query|3"])
        #expect(client.staysOpen(milliseconds: 50))
    }

    @Test func `a body and the next request in one packet are separated`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(post("/echo", body: "one") + get("/query?two") + post("/echo", body: "three"))
        #expect((0..<3).map { _ in client.reply().text } == ["one", "/query|two", "three"])
    }

    @Test func `HTTP 1.0 closes unless keep-alive is asked for`() throws {
        let fixture = try Fixture()
        let once = try #require(try fixture.conversation("GET /hello HTTP/1.0\r\n\r\n"))
        #expect(once.hasPrefix("HTTP/1.") && once.contains(" 200 ") && once.hasSuffix("hello\n"))
        let client = try fixture.client()
        for _ in 0..<3 {
            client.send("GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            #expect(client.reply().text == "hello\n")
        }
        #expect(client.staysOpen(milliseconds: 50))
    }

    @Test func `Connection close ends the connection after the answer`() throws {
        let fixture = try Fixture()
        let answer = try #require(
            try fixture.conversation(get("/hello", more: "Connection: close\r\n")))
        #expect(answer.hasSuffix("hello\n"))
    }

    @Test func `a client that has finished sending still gets its answer`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        client.send(get("/hello"))
        client.finishSending()
        #expect(client.reply().text == "hello\n")
        #expect(client.rest() == "")
    }

    @Test func `a header in pieces is put together`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        for byte in get("/agent", more: "User-Agent: piece by piece\r\n").utf8 {
            client.send([byte])
        }
        #expect(client.reply().text == "piece by piece")
    }

    @Test func `chunks are joined`() throws {
        let fixture = try Fixture()
        let client = try fixture.client()
        for spelling in ["chunked", "Chunked"] {
            client.send(
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \(spelling)\r\n\r\n"
                    + "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n")
            #expect(client.reply().text == "abcdefg")
        }
    }

    /// 128 is how many events libmicrohttpd takes at once: with so many it waits for more before it serves
    /// any. Both of its threads are held up until all requests lie ready.
    @Test(arguments: [127, 128, 254, 256, 300, 384])
    func `clients that send at once are all answered`(count: Int) throws {
        let gate = Gate()
        var limits = Limits()
        limits.connectionsPerClient = 512
        let fixture = try Fixture(
            limits: limits,
            routes: [
                Route("/block") { _ in
                    gate.pass()
                    return Response(status: 200, body: "open")
                }
            ])
        let clients = try (0..<count).map { _ in try fixture.client() }
        #expect(eventually { fixture.server.statistics.openConnections == count })
        var blocking: [Client] = []
        #expect(
            eventually {
                if gate.threadsInside == 2 { return true }
                guard let client = try? fixture.client() else { return false }
                client.send(get("/block"))
                blocking.append(client)
                return gate.threadsInside == 2
            })
        for client in clients { client.send(get("/hello")) }
        gate.open()
        for client in clients { #expect(client.reply().text == "hello\n") }
        for client in blocking { #expect(client.reply().text == "open") }
    }

    // In a process of its own: other tests have descriptors and memory as well.
    @Test func `2,000 connections leave no descriptor and no memory behind`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try Fixture()
            func use(_ count: Int) throws {
                for _ in 0..<count {
                    let client = try fixture.client()
                    client.send(get("/hello"))
                    precondition(client.reply().status == 200)
                }
                precondition(eventually { fixture.server.statistics.openConnections == 0 })
            }
            try use(300)
            let before = (openDescriptors(), residentBytes())
            try use(2000)
            precondition(openDescriptors() <= before.0 + 8)
            precondition(residentBytes() < before.1 + 8 << 20)
            precondition(fixture.server.statistics.acceptedConnections == 2300)
        }
    }

    @Test func `an IPv6 client is served by a listener of all addresses`() throws {
        let listener = try Listener.bind(.tcp(host: "", port: 0))
        let port = try #require(listener.port)
        let server = try Server(
            name: "all", listeners: [listener],
            routes: [Route("/", constant: Response(status: 200, body: "x"))], log: { _ in })
        let four = try Client(port: port)
        four.send(get("/"))
        #expect(four.reply().status == 200)
        if listener.description.hasPrefix("[::]") {
            let six = try Client(port: port, family: AF_INET6)
            six.send(get("/"))
            #expect(six.reply().status == 200)
        }
        #expect(server.stop())
    }

    @Test func `one server listens on TCP and on a Unix socket`() throws {
        let path = "/tmp/http-tests-\(getpid())-both.sock"
        let tcp = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let unix = try Listener.bind(.unix(path: path))
        let server = try Server(
            name: "both", listeners: [tcp, unix],
            routes: [Route("/", constant: Response(status: 200, body: "x"))], log: { _ in })
        for client in [try Client(port: try #require(tcp.port)), try Client(path: path)] {
            client.send(get("/"))
            #expect(client.reply().text == "x")
        }
        #expect(server.statistics.acceptedConnections == 2)
        #expect(server.stop())
    }
}

func openDescriptors() -> Int {
    guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
    defer { unsafe closedir(directory) }
    var count = 0
    while unsafe readdir(directory) != nil { count += 1 }
    return count
}

/// Resident memory; 0 under AddressSanitizer, which keeps what was freed and finds leaks itself.
func residentBytes() -> Int {
    if unsafe dlsym(nil, "__asan_init") != nil { return 0 }
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&line, 256, file) != nil else { return 0 }
    let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4096
}

/// Holds threads up until it is opened.
private final class Gate: Sendable {
    private let isOpen = Atomic<Bool>(false)
    private let inside = Atomic<Int>(0)

    var threadsInside: Int { inside.load(ordering: .relaxed) }

    func open() {
        isOpen.store(true, ordering: .relaxed)
    }

    func pass() {
        inside.wrappingAdd(1, ordering: .relaxed)
        while !isOpen.load(ordering: .relaxed) { usleep(2_000) }
    }
}
