import Glibc
import Kernel
import Testing

@testable import HTTP

@Suite(.blockingThreads) struct ListenerTests {
    @Test(arguments: [
        (":10180", ListenAddress.tcp(host: "", port: 10180)),
        ("127.0.0.1:9100", .tcp(host: "127.0.0.1", port: 9100)),
        ("[::1]:9100", .tcp(host: "::1", port: 9100)),
        ("[::]:0", .tcp(host: "::", port: 0)),
        ("[fe80::1%eth0]:65535", .tcp(host: "fe80::1%eth0", port: 65535)),
        ("localhost:9100", .tcp(host: "localhost", port: 9100)),
        ("unix:/run/x.sock", .unix(path: "/run/x.sock")),
    ])
    func `an address is read and written`(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress.parse(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", "9100", "localhost", ":", ":-1", ":65536", ":123456", ":9x", "h:", "::1:9100", "[]:1",
        "[::1:1", "[::1]", "[g::]:1", "[1]:1", "[::1%]:1", "a b:1", " :1", "a\n:1", "a/b:1",
        "vsock://3:9100", "unix:", "unix:x.sock", "unix:@x", "unix:/run/",
        "unix:/" + String(repeating: "p", count: 107), "http://h:80",
        String(repeating: "h", count: 256) + ":1",
    ])
    func `what is no address is refused in one sentence`(text: String) {
        let error = #expect(throws: ListenAddressError.self) { try ListenAddress.parse(text) }
        #expect(error?.description.hasPrefix("listen address \"") == true)
    }

    @Test func `port 0 binds a free port, which the listener names`() throws {
        let listener = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let port = try #require(listener.port)
        #expect(port > 0)
        #expect(listener.description == "127.0.0.1:\(port)")
        #expect(fcntl(listener.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(listener.descriptor, F_GETFL) & O_NONBLOCK != 0)
    }

    @Test func `a taken port is EADDRINUSE and names the address`() throws {
        let first = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let port = try #require(first.port)
        let error = #expect(throws: KernelError.self) {
            try Listener.bind(.tcp(host: "127.0.0.1", port: port))
        }
        #expect(error == KernelError(EADDRINUSE, subject: "127.0.0.1:\(port)"))
    }

    @Test func `names are resolved and unknown ones are refused`() throws {
        let listener = try Listener.bind(.tcp(host: "localhost", port: 0))
        #expect(listener.description.hasPrefix("127.0.0.1:"))
        let error = #expect(throws: KernelError.self) {
            try Listener.bind(.tcp(host: "999.999.999.999", port: 0))
        }
        #expect(error?.code == EADDRNOTAVAIL)
    }

    @Test func `a Unix socket has its mode and goes with its listener`() throws {
        let path = "/tmp/http-tests-\(getpid())-mode.sock"
        var status = stat()
        do {
            let listener = try Listener.bind(.unix(path: path), unixMode: 0o600)
            #expect(listener.description == "unix:\(path)")
            #expect(listener.port == nil)
            #expect(unsafe lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            let error = #expect(throws: KernelError.self) {
                try Listener.bind(.unix(path: path))
            }
            #expect(error?.code == EADDRINUSE)
        }
        #expect(unsafe lstat(path, &status) == -1)
    }

    @Test func `an abandoned Unix socket is replaced, another file is not`() throws {
        let path = "/tmp/http-tests-\(getpid())-stale.sock"
        let abandoned = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { unsafe target[index] = byte }
        }
        let code = unsafe withUnsafeBytes(of: &address) { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe bind(
                abandoned, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        #expect(code == 0)
        close(abandoned)
        do {
            let listener = try Listener.bind(.unix(path: path))
            #expect(listener.description == "unix:\(path)")
        }
        close(unsafe creat(path, 0o600))
        let error = #expect(throws: KernelError.self) { try Listener.bind(.unix(path: path)) }
        #expect(error?.code == ENOTSOCK)
        #expect(unsafe unlink(path) == 0)
    }

    @Test func `a file that took a Unix socket's place is left alone`() throws {
        let path = "/tmp/http-tests-\(getpid())-replaced.sock"
        do {
            let listener = try Listener.bind(.unix(path: path))
            #expect(listener.port == nil)
            unsafe unlink(path)
            close(unsafe creat(path, 0o600))
        }
        #expect(unsafe unlink(path) == 0)
    }

    @Test func `inherited sockets are taken when they are ours and listen`() throws {
        let own = "\(getpid())"
        #expect(try Listener.inherited(process: nil, count: "1", first: 3).isEmpty)
        #expect(try Listener.inherited(process: "1", count: "1", first: 3).isEmpty)
        #expect(try Listener.inherited(process: own, count: "0", first: 3).isEmpty)
        #expect(throws: KernelError(EINVAL, subject: "LISTEN_FDS")) {
            try Listener.inherited(process: own, count: "x", first: 3)
        }
        let outer = try Listener.bind(.tcp(host: "127.0.0.1", port: 0))
        let given = fcntl(outer.descriptor, F_DUPFD, 200)
        do {
            let inner = try Listener.inherited(process: own, count: "1", first: given)
            #expect(inner.map(\.description) == [outer.description])
            #expect(fcntl(given, F_GETFD) & FD_CLOEXEC != 0)
            let server = try Server(
                name: "inherited", listeners: inner,
                routes: [Route("/", constant: Response(status: 200))], log: { _ in })
            let client = try Client(port: try #require(outer.port))
            client.send(get("/"))
            #expect(client.reply().status == 200)
            #expect(server.stop())
        }
        // The socket still listens: its opener owns it.
        let client = try Client(port: try #require(outer.port))
        #expect(client.staysOpen(milliseconds: 20))
    }

    @Test func `an inherited descriptor that does not listen is refused`() throws {
        let own = "\(getpid())"
        let plain = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let file = unsafe creat("/tmp/http-tests-\(getpid())-file", 0o600)
        unsafe unlink("/tmp/http-tests-\(getpid())-file")
        for (descriptor, code) in [(plain, EINVAL), (datagram, EINVAL), (file, ENOTSOCK)] {
            let error = #expect(throws: KernelError.self) {
                try Listener.inherited(process: own, count: "1", first: descriptor)
            }
            #expect(error == KernelError(code, subject: "inherited descriptor \(descriptor)"))
            close(descriptor)
        }
    }

    @Test func `sockets have the names that systemd gives them`() {
        #expect(Listener.names("push:web", of: 2) == ["push", "web"])
        #expect(Listener.names("push", of: 3) == ["push", "", ""])
        #expect(Listener.names("a::c:d", of: 3) == ["a", "", "c"])
        #expect(Listener.names(nil, of: 1) == [""] && Listener.names("", of: 0).isEmpty)
    }
}
