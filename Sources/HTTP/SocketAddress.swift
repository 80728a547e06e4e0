internal import Glibc
internal import Kernel

/// An IPv4 or IPv6 address with a port (ip(7), ipv6(7)).
struct SocketAddress: CustomStringConvertible {
    // The larger of the two; an IPv4 address fits into it.
    private var storage = sockaddr_in6()
    private var length: socklen_t

    /// Every address of the machine.
    init(family: Int32) {
        storage.sin6_family = sa_family_t(family)
        let isIPv4 = family == AF_INET
        length = socklen_t(
            isIPv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
    }

    /// A copy of an address from getaddrinfo(3); nil for another family.
    init?(_ address: UnsafePointer<sockaddr>?, length: socklen_t) {
        guard let address = unsafe address, Int(length) <= MemoryLayout<sockaddr_in6>.size
        else { return nil }
        self.length = length
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
        guard isInternet else { return nil }
    }

    /// The address a socket is bound to; nil for a socket of another family.
    init?(localOf descriptor: Int32) {
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        self.length = length
        let code = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            guard let start = bytes.baseAddress else { return Int32(-1) }
            return unsafe getsockname(
                descriptor, start.assumingMemoryBound(to: sockaddr.self), &length)
        }
        self.length = length
        guard code == 0, isInternet else { return nil }
    }

    var family: Int32 { Int32(storage.sin6_family) }

    private var isInternet: Bool {
        (family == AF_INET && length >= socklen_t(MemoryLayout<sockaddr_in>.size))
            || (family == AF_INET6 && length >= socklen_t(MemoryLayout<sockaddr_in6>.size))
    }

    /// The port has the same offset in both families, high byte first.
    var port: UInt16 {
        get {
            unsafe withUnsafeBytes(of: storage) { unsafe UInt16($0[2]) << 8 | UInt16($0[3]) }
        }
        set {
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                unsafe bytes[2] = UInt8(newValue >> 8)
                unsafe bytes[3] = UInt8(newValue & 0xFF)
            }
        }
    }

    /// bind(2) of a socket of the same family.
    func bind(_ descriptor: Int32) -> Int32 {
        unsafe withUnsafeBytes(of: storage) { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe Glibc.bind(
                descriptor, start.assumingMemoryBound(to: sockaddr.self), length)
        }
    }

    /// `127.0.0.1:80` or `[::1]:80`.
    var description: String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = unsafe withUnsafeBytes(of: storage) { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe getnameinfo(
                start.assumingMemoryBound(to: sockaddr.self), length, &text,
                socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        }
        if code != 0 { return "?:\(port)" }
        let name = String(terminated: text)
        return family == AF_INET6 ? "[\(name)]:\(port)" : "\(name):\(port)"
    }
}
