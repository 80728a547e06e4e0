import Glibc
import Kernel
import Testing

@testable import HTTP

@Suite struct ClientKeyTests {
    @Test func `an IPv4 address is a client, also when it is mapped to IPv6`() {
        let address = ClientKey(ipv4: 0xC000_0201)
        #expect(address == ClientKey(ipv6: 0, low: 0xFFFF_C000_0201))
        #expect(address != ClientKey(ipv4: 0xC000_0202))
        #expect(address != ClientKey(ipv6: 0, low: 0xC000_0201))
        #expect(!address.isLoopback)
    }

    @Test func `a /64 of IPv6 is one client`() {
        let prefix: UInt64 = 0x2001_0DB8_0000_0001
        #expect(ClientKey(ipv6: prefix, low: 1) == ClientKey(ipv6: prefix, low: .max))
        #expect(ClientKey(ipv6: prefix, low: 1) != ClientKey(ipv6: prefix + 1, low: 1))
    }

    @Test func `loopback addresses are known in all forms`() {
        #expect(ClientKey(ipv4: 0x7F00_0001).isLoopback)
        #expect(ClientKey(ipv4: 0x7FFF_FFFE).isLoopback)
        #expect(ClientKey(ipv6: 0, low: 1).isLoopback)
        #expect(ClientKey(ipv6: 0, low: 0xFFFF_7F00_0001).isLoopback)
        #expect(!ClientKey(ipv6: 0, low: 2).isLoopback)
    }

    @Test func `a client of another scope is another one`() {
        #expect(ClientKey(ipv4: 1, scope: 0) != ClientKey(ipv4: 1, scope: 1))
        #expect(ClientKey(process: 1) != ClientKey(ipv4: 1))
        #expect(ClientKey(process: 1) != ClientKey(process: 2))
    }
}
