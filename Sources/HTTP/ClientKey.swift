internal import Glibc

/// The client that shares of a limit are counted for: an IPv4 address, the /64 prefix of an IPv6
/// address, or the process at the other end of a Unix socket.
///
/// A /64 is what one IPv6 host is usually given (RFC 6177), so that it can use 2^64 addresses. An
/// IPv4-mapped IPv6 address, which a socket of both families has for IPv4 clients, is the IPv4 address.
package struct ClientKey: Hashable, Sendable {
    private enum Kind: UInt8 {
        case ipv4, ipv6, process
    }

    private let kind: Kind
    /// Clients of listeners with different scopes have shares of their own.
    private let scope: UInt8
    private let number: UInt64
    /// Whether the address is one of this machine's loopback interface.
    let isLoopback: Bool

    /// A process at the other end of a Unix socket; 0 for one of another PID namespace.
    package init(process: Int32, scope: UInt8 = 0) {
        self.init(
            .process, scope: scope, number: UInt64(UInt32(bitPattern: process)), isLoopback: false)
    }

    private init(_ kind: Kind, scope: UInt8, number: UInt64, isLoopback: Bool) {
        self.kind = kind
        self.scope = scope
        self.number = number
        self.isLoopback = isLoopback
    }

    /// The client of an address of accept(2); nil for a family other than IPv4 and IPv6.
    init?(_ address: UnsafePointer<sockaddr>, scope: UInt8) {
        switch unsafe Int32(address.pointee.sa_family) {
        case AF_INET:
            let bytes = unsafe UnsafeRawPointer(address).load(
                fromByteOffset: 4, as: UInt32.self)
            self.init(ipv4: UInt32(bigEndian: bytes), scope: scope)
        case AF_INET6:
            let start = unsafe UnsafeRawPointer(address)
            let high = unsafe UInt64(
                bigEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            let low = unsafe UInt64(
                bigEndian: start.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            self.init(ipv6: high, low: low, scope: scope)
        default: return nil
        }
    }

    init(ipv4 address: UInt32, scope: UInt8 = 0) {
        self.init(
            .ipv4, scope: scope, number: UInt64(address), isLoopback: address >> 24 == 127)
    }

    /// `high` and `low` are the halves of the address.
    init(ipv6 high: UInt64, low: UInt64, scope: UInt8 = 0) {
        if high == 0, low >> 32 == 0xFFFF {
            self.init(ipv4: UInt32(truncatingIfNeeded: low), scope: scope)
        } else {
            self.init(.ipv6, scope: scope, number: high, isLoopback: high == 0 && low == 1)
        }
    }
}
