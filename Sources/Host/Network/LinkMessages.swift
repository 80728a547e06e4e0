internal import Kernel

/// The answers of rtnetlink(7) to a dump of all links, read from their bytes.
enum LinkMessages {
    /// One link with its counters.
    struct Link: ~Escapable {
        let name: Span<UInt8>
        /// `struct rtnl_link_stats64` or, on old kernels, `rtnl_link_stats`, as 64-bit numbers in
        /// the order of linux/if_link.h; nil when the kernel sent neither.
        let counters: Counters?

        @_lifetime(copy name)
        init(name: Span<UInt8>, counters: Counters?) {
            self.name = name
            self.counters = counters
        }
    }

    typealias Counters = [24 of UInt64]

    /// RTM_NEWLINK and RTM_DELLINK.
    static let newLink: UInt16 = 16
    static let removedLink: UInt16 = 17

    /// The link of a message's payload: the attributes behind `struct ifinfomsg` (IFLA_IFNAME,
    /// IFLA_STATS64, IFLA_STATS); nil when the bytes are not what they should be.
    @_lifetime(copy payload)
    static func link(_ payload: Span<UInt8>) -> Link? {
        guard payload.count >= 16 else { return nil }
        var attributes = NetlinkAttributes(payload.extracting(droppingFirst: 16))
        var name = payload.extracting(first: 0)
        var wide: Counters?
        var narrow: Counters?
        while let attribute = attributes.next() {
            let value = attribute.value
            switch attribute.type {
            case 3: name = value.extracting(first: value.offset(of: 0) ?? value.count)
            case 23: wide = counters(value, width: 8)
            case 7: narrow = counters(value, width: 4)
            default: break
            }
        }
        if attributes.isDamaged || name.isEmpty { return nil }
        return Link(name: name, counters: wide ?? narrow)
    }

    /// Kernels append fields: those that are missing are 0, those beyond are not ours.
    private static func counters(_ value: Span<UInt8>, width: Int) -> Counters? {
        var counters = Counters(repeating: 0)
        let count = min(24, value.count / width)
        if count < 10 { return nil }
        for index in 0..<count { counters[index] = value.integer(at: index * width, bytes: width) }
        return counters
    }
}
