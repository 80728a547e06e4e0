import Glibc
import HTTP
import Kernel

/// What a server answered.
struct Reply: Equatable {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    static func == (one: Reply, other: Reply) -> Bool {
        one.status == other.status && one.body == other.body
            && one.headers.map { "\($0.name): \($0.value)" }
                == other.headers.map { "\($0.name): \($0.value)" }
    }
}

/// A client that sends exactly the given bytes.
final class Client {
    private let descriptor: Int32
    private var unread: [UInt8] = []
    private(set) var isAtEnd = false

    /// `host` is the last number of the client's own address in 127.0.0.0/24.
    init(
        port: UInt16, family: Int32 = AF_INET, receiveBytes: Int32? = nil, host: UInt32? = nil
    ) throws {
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        if var bytes = receiveBytes {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
        }
        var code: Int32 = -1
        if let host {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = (UInt32(0x7F00_0000) | host).bigEndian
            let descriptor = descriptor
            let bound = unsafe withUnsafeBytes(of: &own) { bytes -> Int32 in
                guard let start = bytes.baseAddress else { return -1 }
                return unsafe bind(
                    descriptor, start.assumingMemoryBound(to: sockaddr.self),
                    socklen_t(bytes.count))
            }
            if bound != 0 { throw KernelError.last("bind") }
        }
        if family == AF_INET {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            code = connect(&address, size: MemoryLayout<sockaddr_in>.size)
        } else {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            code = connect(&address, size: MemoryLayout<sockaddr_in6>.size)
        }
        // The deinit runs and closes.
        if code != 0 { throw KernelError.last("connect") }
    }

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { unsafe target[index] = byte }
        }
        if connect(&address, size: MemoryLayout<sockaddr_un>.size) != 0 {
            throw KernelError.last("connect")
        }
    }

    deinit {
        close(descriptor)
    }

    private func connect<Address>(_ address: inout Address, size: Int) -> Int32 {
        let descriptor = descriptor
        return unsafe withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe Glibc.connect(
                descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
    }

    /// Returns false once the server has closed.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { source -> Int in
                guard let start = source.baseAddress else { return 0 }
                return unsafe Glibc.send(
                    descriptor, start + sent, source.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Makes closing abortive: the server sees a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Waits for more bytes; false at the end of the connection or when none came in time.
    private func fill(milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&request, 1, milliseconds) > 0 else { return false }
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
        if count <= 0 {
            isAtEnd = true
            return false
        }
        unread.append(contentsOf: chunk.prefix(count))
        return true
    }

    /// The next answer; status 0 when the connection ended or 10 seconds passed before it was
    /// whole. `isBodiless` is for answers to HEAD.
    func reply(isBodiless: Bool = false) -> Reply {
        let blank: [UInt8] = [13, 10, 13, 10]
        while true {
            if let end = unread.firstRange(of: blank) {
                var reply = Reply()
                let head = String(decoding: unread[..<end.lowerBound], as: UTF8.self)
                let lines = head.split(separator: "\r\n")
                reply.status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    let value = parts.count > 1 ? parts[1] : ""
                    reply.headers.append(
                        (String(parts[0]), String(value.drop { $0 == " " })))
                }
                unread.removeSubrange(..<end.upperBound)
                if isBodiless || reply.status == 100 { return reply }
                let length = Int(reply.header("content-length") ?? "") ?? 0
                while unread.count < length {
                    if !fill(milliseconds: 10_000) { return Reply() }
                }
                reply.body = Array(unread.prefix(length))
                unread.removeFirst(length)
                return reply
            }
            if !fill(milliseconds: 10_000) { return Reply() }
        }
    }

    /// Everything up to the end of the connection, nil when it does not end in time.
    func rest(milliseconds: Int32 = 10_000) -> String? {
        let deadline = Clock.monotonicNanoseconds + UInt64(milliseconds) * 1_000_000
        while !isAtEnd {
            let now = Clock.monotonicNanoseconds
            if now >= deadline { return nil }
            _ = fill(milliseconds: Int32((deadline - now) / 1_000_000 + 1))
        }
        defer { unread = [] }
        return String(decoding: unread, as: UTF8.self)
    }

    /// Whether the server sends nothing and keeps the connection for that long.
    func staysOpen(milliseconds: Int32) -> Bool {
        !fill(milliseconds: milliseconds) && !isAtEnd
    }
}

extension Array where Element == UInt8 {
    fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        if count < pattern.count { return nil }
        for start in 0...(count - pattern.count)
        where self[start] == pattern[0] && Array(self[start..<start + pattern.count]) == pattern {
            return start..<start + pattern.count
        }
        return nil
    }
}

/// Waits until something is so, at most ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        usleep(5000)
    }
    return condition()
}
