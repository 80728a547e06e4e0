internal import Kernel

/// The answers of rtnetlink(7) to a dump of all links or of their counters, read from their bytes.
enum LinkMessages {
    /// One link with its counters.
    struct Link: ~Escapable {
        let index: UInt32
        let name: Span<UInt8>
        /// `struct rtnl_link_stats64` or, on old kernels, `rtnl_link_stats`, as 64-bit numbers in
        /// the order of linux/if_link.h; nil when the kernel sent neither.
        let counters: Counters?
        /// The attributes inside IFLA_PROP_LIST; empty without it.
        let properties: Span<UInt8>

        @_lifetime(copy name, copy properties)
        init(
            index: UInt32, name: Span<UInt8>, counters: Counters?, properties: Span<UInt8>
        ) {
            self.index = index
            self.name = name
            self.counters = counters
            self.properties = properties
        }
    }

    typealias Counters = [24 of UInt64]

    /// RTM_NEWLINK and RTM_DELLINK.
    static let newLink: UInt16 = 16
    static let removedLink: UInt16 = 17
    /// RTM_NEWSTATS
    static let linkCounters: UInt16 = 92

    /// The link of a message's payload: the attributes behind `struct ifinfomsg` (IFLA_IFNAME,
    /// IFLA_STATS64, IFLA_STATS, IFLA_PROP_LIST); nil when the bytes are not what they should be.
    @_lifetime(copy payload)
    static func link(_ payload: Span<UInt8>) -> Link? {
        guard payload.count >= 16 else { return nil }
        var attributes = NetlinkAttributes(payload.extracting(droppingFirst: 16))
        var name = payload.extracting(first: 0)
        var properties = payload.extracting(first: 0)
        var wide: Counters?
        var narrow: Counters?
        while let attribute = attributes.next() {
            let value = attribute.value
            switch attribute.type {
            case 3: name = value.extracting(first: value.offset(of: 0) ?? value.count)
            case 23: wide = counters(value, width: 8)
            case 7: narrow = counters(value, width: 4)
            case 52: properties = value
            default: break
            }
        }
        if attributes.isDamaged || name.isEmpty { return nil }
        return Link(
            index: index(of: payload), name: name, counters: wide ?? narrow,
            properties: properties)
    }

    /// Calls `body` with each alternative name (IFLA_ALT_IFNAME) in a link's properties. False when
    /// the bytes do not end with an attribute.
    static func eachAlternativeName(
        _ properties: Span<UInt8>, body: (Span<UInt8>) -> Void
    ) -> Bool {
        var attributes = NetlinkAttributes(properties)
        while let attribute = attributes.next() {
            let value = attribute.value
            if attribute.type == 53 {
                body(value.extracting(first: value.offset(of: 0) ?? value.count))
            }
        }
        return !attributes.isDamaged
    }

    /// A link's counters without its name: the attribute behind `struct if_stats_msg`
    /// (IFLA_STATS_LINK_64); nil when the bytes are not what they should be.
    static func statistics(_ payload: Span<UInt8>) -> (index: UInt32, counters: Counters)? {
        guard payload.count >= 12 else { return nil }
        var attributes = NetlinkAttributes(payload.extracting(droppingFirst: 12))
        while let attribute = attributes.next() {
            if attribute.type == 1, let counters = counters(attribute.value, width: 8) {
                return (index(of: payload), counters)
            }
        }
        return nil
    }

    /// Both kinds of message have the index at the same offset.
    private static func index(of payload: Span<UInt8>) -> UInt32 {
        UInt32(truncatingIfNeeded: payload.integer(at: 4, bytes: 4))
    }

    /// Kernels append fields: those that are missing are 0, those beyond are not ours.
    private static func counters(_ value: Span<UInt8>, width: Int) -> Counters? {
        var counters = Counters(repeating: 0)
        let count = min(24, value.count / width)
        if count < 10 { return nil }
        if width == 8 {
            for index in 0..<count { counters[index] = value.wide(at: index * 8) }
        } else {
            for index in 0..<count { counters[index] = value.integer(at: index * 4, bytes: 4) }
        }
        return counters
    }
}
