internal import Glibc
internal import Kernel

/// A route of the kernel's tables, from rtnetlink(7).
struct NetworkRoute {
    /// One way to take it.
    struct Hop: Equatable {
        var link: UInt32 = 0
        var gateway = ""
        /// Empty on a route with one hop.
        var weight = ""
    }

    var source = ""
    /// A network with its prefix's length, or `default`.
    var destination = "default"
    var priority: UInt32 = 0
    var origin = ""
    var hops: [Hop] = []

    /// A message of RTM_NEWROUTE; nil when it is no unicast route. `struct rtmsg` is family, lengths
    /// of destination and source, type of service, table, protocol, scope, type, flags.
    init?(_ payload: Span<UInt8>) {
        guard payload.count >= 12, payload[7] == NetworkRoute.unicast else { return nil }
        let length = payload[1]
        origin = NetworkRoute.origin(payload[5])
        var hop = Hop()
        var attributes = NetlinkAttributes(payload.extracting(droppingFirst: 12))
        while let attribute = attributes.next() {
            let value = attribute.value
            switch attribute.type {
            case 1 where length > 0: destination = "\(NetworkRoute.address(value))/\(length)"
            case 4 where value.count >= 4:
                hop.link = UInt32(truncatingIfNeeded: value.integer(at: 0, bytes: 4))
            case 5: hop.gateway = NetworkRoute.address(value)
            case 6 where value.count >= 4:
                priority = UInt32(truncatingIfNeeded: value.integer(at: 0, bytes: 4))
            // The address that packets by this route are sent from.
            case 7: source = NetworkRoute.address(value)
            case 9: hops = NetworkRoute.hops(value)
            default: break
            }
        }
        if attributes.isDamaged { return nil }
        if hops.isEmpty { hops = [hop] }
    }

    /// RTN_UNICAST
    private static let unicast: UInt8 = 1

    /// The hops of RTA_MULTIPATH: `struct rtnexthop` (length, flags, weight less one, link), each
    /// with attributes behind it.
    private static func hops(_ value: Span<UInt8>) -> [Hop] {
        var hops: [Hop] = []
        var rest = value
        while rest.count >= 8 {
            let length = Int(rest.integer(at: 0, bytes: 2))
            guard length >= 8, length <= rest.count else { break }
            var hop = Hop()
            hop.weight = String(Int(rest[3]) + 1)
            hop.link = UInt32(truncatingIfNeeded: rest.integer(at: 4, bytes: 4))
            var attributes = NetlinkAttributes(rest.extracting(8..<length))
            while let attribute = attributes.next() {
                if attribute.type == 5 { hop.gateway = address(attribute.value) }
            }
            hops.append(hop)
            rest = rest.extracting(droppingFirst: min(rest.count, (length + 3) & ~3))
        }
        return hops
    }

    /// An IPv4 or IPv6 address as text; empty for bytes of another length.
    static func address(_ bytes: Span<UInt8>) -> String {
        guard bytes.count == 4 || bytes.count == 16 else { return "" }
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        var text = [CChar](repeating: 0, count: 64)
        let isThere = unsafe bytes.withUnsafeBytes { bytes in
            unsafe inet_ntop(family, bytes.baseAddress, &text, 64) != nil
        }
        if !isThere { return "" }
        return String(terminated: text)
    }

    /// Who made the route (RTPROT of linux/rtnetlink.h).
    private static func origin(_ number: UInt8) -> String {
        switch number {
        case 0: "unspec"
        case 1: "redirect"
        case 2: "kernel"
        case 3: "boot"
        case 4: "static"
        case 8: "gated"
        case 9: "ra"
        case 10: "mrt"
        case 11: "zebra"
        case 12: "bird"
        // As node_exporter has always spelled it.
        case 13: "dnrouted"
        case 14: "xorp"
        case 15: "ntk"
        case 16: "dhcp"
        case 17: "mrouted"
        case 42: "babel"
        case 186: "bgp"
        case 187: "isis"
        case 188: "ospf"
        case 189: "rip"
        case 192: "eigrp"
        default: "unknown"
        }
    }
}
