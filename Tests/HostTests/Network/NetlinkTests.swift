import Kernel
import Testing

@testable import Host

/// The messages of netlink(7), as bytes.
struct NetlinkTests {
    @Test func `a route tells its network, source, gateway and device`() throws {
        let payload =
            header(length: 24)
            + attribute(1, value: [192, 0, 2, 0]) + attribute(7, value: [192, 0, 2, 9])
            + attribute(5, value: [198, 51, 100, 1]) + attribute(4, value: word(3))
            + attribute(6, value: word(100))
        let found = NetworkRoute(payload.span)
        let route = try #require(found)
        #expect(route.destination == "192.0.2.0/24")
        #expect(route.source == "192.0.2.9")
        #expect(route.priority == 100)
        #expect(route.origin == "static")
        #expect(route.hops == [hop(3, gateway: "198.51.100.1", weight: "")])
    }

    @Test func `a route without a length is the default one`() throws {
        let gateway: [UInt8] = [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
        let payload =
            header(length: 0) + attribute(5, value: gateway) + attribute(4, value: word(2))
        let found = NetworkRoute(payload.span)
        let route = try #require(found)
        #expect(route.destination == "default")
        #expect(route.hops == [hop(2, gateway: "fe80::1", weight: "")])
    }

    @Test func `a route with several hops has each, with its weight`() throws {
        let one = multipath(link: 2, weight: 0, gateway: [192, 0, 2, 1])
        let two = multipath(link: 3, weight: 4, gateway: [192, 0, 2, 2])
        let payload = header(length: 0) + attribute(9, value: one + two)
        let found = NetworkRoute(payload.span)
        let route = try #require(found)
        #expect(
            route.hops == [
                hop(2, gateway: "192.0.2.1", weight: "1"),
                hop(3, gateway: "192.0.2.2", weight: "5"),
            ])
    }

    @Test func `only unicast routes are routes`() {
        var local = header(length: 8)
        local[7] = 2
        let short = [UInt8](repeating: 1, count: 11)
        let found = [NetworkRoute(local.span) == nil, NetworkRoute(short.span) == nil]
        #expect(found == [true, true])
    }

    @Test func `sockets are counted by state, their queues added up`() {
        var sums = TCPStat.Sums(repeating: 0)
        func add(_ state: UInt8, type: UInt16 = 20, count: Int = 72) -> Bool {
            var bytes = [UInt8](repeating: 0, count: count)
            if count > 63 { (bytes[1], bytes[56], bytes[60]) = (state, 7, 9) }
            return TCPStat.add(
                NetlinkMessages.Message(type: type, payload: bytes.span), to: &sums)
        }
        #expect(add(1) && add(10) && add(10) && add(99))
        #expect(!add(1, type: 3) && !add(1, count: 63))
        #expect(sums[1] == 1 && sums[10] == 2 && sums[0] == 1)
        #expect(sums[12] == 28 && sums[13] == 36)
    }

    @Test func `a link tells its alternative names`() {
        let names = ["enp1s0f0np0", "ocp-slot3"].map { attribute(53, value: Array($0.utf8) + [0]) }
        // The kernel marks nested attributes with the highest bit of their type.
        var properties = attribute(52, value: names[0] + attribute(99, value: [1]) + names[1])
        properties[3] = 0x80
        let payload =
            [UInt8](repeating: 0, count: 16) + attribute(3, value: Array("v0".utf8) + [0])
            + properties
        guard let link = LinkMessages.link(payload.span) else {
            Issue.record("the message is not understood")
            return
        }
        var told: [String] = []
        let isWhole = LinkMessages.eachAlternativeName(link.properties) { told.append($0.string) }
        #expect(isWhole)
        #expect(told == ["enp1s0f0np0", "ocp-slot3"])
        let damaged = Array(names[0].dropLast(4))
        let isDamagedWhole = LinkMessages.eachAlternativeName(damaged.span) { _ in }
        #expect(!isDamagedWhole)
    }

    @Test func `a link without alternative names has none`() {
        let payload =
            [UInt8](repeating: 0, count: 16) + attribute(3, value: Array("v0".utf8) + [0])
        let isEmpty = LinkMessages.link(payload.span)?.properties.isEmpty
        #expect(isEmpty == true)
    }

    @Test func `announcements of links tell which, and that some have gone`() {
        func lifecycle(_ bytes: [UInt8]) -> (LinkEvents.Changes, [String]) {
            var names: [String] = []
            let lifecycle = LinkEvents.parse(bytes.span) { names.append($0.string) }
            return (lifecycle, names)
        }
        #expect(
            lifecycle(link(16, name: "eth0") + link(16, name: "veth1")) == (
                .known, ["eth0", "veth1"]
            ))
        #expect(lifecycle(link(16, name: "eth0") + link(17, name: "eth1")) == (.removed, ["eth0"]))
        #expect(lifecycle(link(99, name: "eth0")) == (.lost, []))
        #expect(lifecycle(Array(link(16, name: "eth0").dropLast(3))) == (.lost, []))
        #expect(lifecycle([]) == (.known, []))
    }

    @Test func `messages that are cut anywhere are survived`() {
        let route =
            header(length: 24) + attribute(1, value: [192, 0, 2, 0])
            + attribute(9, value: multipath(link: 2, weight: 1, gateway: [1, 2, 3, 4]))
        for length in 0...route.count {
            let part = Array(route.prefix(length))
            if let route = NetworkRoute(part.span) { #expect(route.hops.count == 1) }
        }
        let links = link(16, name: "eth0") + link(17, name: "eth1")
        for length in 0..<links.count {
            let part = Array(links.prefix(length))
            var names = 0
            _ = LinkEvents.parse(part.span) { _ in names += 1 }
            #expect(names <= 1)
        }
    }

    /// `struct rtmsg` of a unicast route that an administrator has added.
    private func header(length: UInt8) -> [UInt8] {
        [2, length, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0]
    }

    private func attribute(_ type: UInt8, value: [UInt8]) -> [UInt8] {
        let length = value.count + 4
        return [UInt8(length & 255), UInt8(length >> 8), type, 0] + value
            + [UInt8](repeating: 0, count: (4 - length % 4) % 4)
    }

    private func multipath(link: UInt8, weight: UInt8, gateway: [UInt8]) -> [UInt8] {
        let inside = attribute(5, value: gateway)
        return [UInt8(8 + inside.count), 0, 0, weight] + word(link) + inside
    }

    private func hop(_ link: UInt32, gateway: String, weight: String) -> NetworkRoute.Hop {
        NetworkRoute.Hop(link: link, gateway: gateway, weight: weight)
    }

    private func word(_ number: UInt8) -> [UInt8] { [number, 0, 0, 0] }

    /// A whole message about a link: `struct nlmsghdr`, `struct ifinfomsg`, IFLA_IFNAME.
    private func link(_ type: UInt8, name: String) -> [UInt8] {
        let payload =
            [UInt8](repeating: 0, count: 16) + attribute(3, value: Array(name.utf8) + [0])
        return word(UInt8(16 + payload.count)) + [type, 0, 0, 0] + word(0) + word(0) + payload
    }
}
