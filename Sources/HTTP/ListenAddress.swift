internal import Kernel

/// The address of a listener, in the form of the flags.
package enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A host name or address and a port. An empty host means every address of the machine,
    /// port 0 any free port.
    case tcp(host: String, port: UInt16)
    /// The absolute path of a Unix socket.
    case unix(path: String)

    /// Whether two listeners cannot have both addresses: the same socket, or the same port of the
    /// same host or of all. Names are compared as they are written.
    package func overlaps(_ other: ListenAddress) -> Bool {
        switch (self, other) {
        case (.unix(let path), .unix(let otherPath)): return path == otherPath
        case (.tcp(let host, let port), .tcp(let otherHost, let otherPort)):
            let all = ["", "0.0.0.0", "::"]
            return port != 0 && port == otherPort
                && (host == otherHost || all.contains(host) || all.contains(otherHost))
        default: return false
        }
    }

    /// Longest path of a Unix socket in bytes (unix(7): sun_path without its NUL).
    package static let pathBytes = 107
    /// Longest host name in bytes (RFC 1035, 3.1).
    package static let hostBytes = 255

    /// Reads `:10180`, `127.0.0.1:9100`, `[::1]:9100`, `localhost:9100` or `unix:/run/x.sock`.
    package static func parse(_ text: String) throws(ListenAddressError) -> ListenAddress {
        let bytes = Array(text.utf8)
        return try parse(bytes.span)
    }

    static func parse(_ text: Span<UInt8>) throws(ListenAddressError) -> ListenAddress {
        let given = text.string
        func refuse(_ why: String) -> ListenAddressError {
            ListenAddressError("listen address \"\(given)\" \(why)")
        }
        for index in text.indices where text[index] <= 0x20 || text[index] == 0x7F {
            throw refuse("contains white space or a control character")
        }
        if text.starts(with: "unix:") {
            return try parsePath(text.extracting(droppingFirst: 5), refuse: refuse)
        }
        if text.starts(with: "vsock://") {
            throw refuse("is a vsock address, which is not supported")
        }
        guard let colon = text.lastOffset(of: UInt8(ascii: ":")) else {
            throw refuse("has no port: write host:port, :port or unix:/path")
        }
        guard let port = port(text.extracting(droppingFirst: colon + 1)) else {
            throw refuse("needs a port number from 0 to 65535 after its last colon")
        }
        let host = text.extracting(first: colon)
        if host.count > hostBytes { throw refuse("has a host name that is too long") }
        if host.isEmpty { return .tcp(host: "", port: port) }
        if host[0] == UInt8(ascii: "[") {
            guard host.count > 2, host[host.count - 1] == UInt8(ascii: "]") else {
                throw refuse("needs an IPv6 address between [ and ]")
            }
            let inner = host.extracting(1..<host.count - 1)
            guard inner.offset(of: UInt8(ascii: ":")) != nil, isIPv6Text(inner) else {
                throw refuse("needs an IPv6 address between [ and ]")
            }
            return .tcp(host: inner.string, port: port)
        }
        if host.offset(of: UInt8(ascii: ":")) != nil {
            throw refuse("is an IPv6 address: write it between [ and ]")
        }
        for index in host.indices where !isNameByte(host[index]) {
            throw refuse("has a host that is neither a name nor an address")
        }
        return .tcp(host: host.string, port: port)
    }

    private static func parsePath(
        _ path: Span<UInt8>, refuse: (String) -> ListenAddressError
    ) throws(ListenAddressError) -> ListenAddress {
        guard !path.isEmpty, path[0] == UInt8(ascii: "/") else {
            throw refuse("needs an absolute path after unix:")
        }
        if path.count > pathBytes { throw refuse("has a path of more than \(pathBytes) bytes") }
        if path[path.count - 1] == UInt8(ascii: "/") { throw refuse("names a directory") }
        let text = path.string
        guard text.utf8.count == path.count, text.utf8.elementsEqual(path.copied) else {
            throw refuse("has a path that is not UTF-8")
        }
        return .unix(path: text)
    }

    private static func port(_ digits: Span<UInt8>) -> UInt16? {
        if digits.isEmpty || digits.count > 5 { return nil }
        var value: UInt32 = 0
        for index in digits.indices {
            guard digits[index] >= 0x30, digits[index] <= 0x39 else { return nil }
            value = value * 10 + UInt32(digits[index] - 0x30)
        }
        return UInt16(exactly: value)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Digits, colons, dots and an optional zone; getaddrinfo(3) checks the rest.
    private static func isIPv6Text(_ text: Span<UInt8>) -> Bool {
        let end = text.offset(of: UInt8(ascii: "%")) ?? text.count
        for index in 0..<end {
            let byte = text[index]
            let isPunctuation = byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
            if byte.hexadecimalValue == nil && !isPunctuation { return false }
        }
        for index in min(end + 1, text.count)..<text.count where !isNameByte(text[index]) {
            return false
        }
        return end + 1 != text.count
    }

    /// As `parse` reads it.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// A text that is not a listen address; `description` says what is wrong with it.
package struct ListenAddressError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
