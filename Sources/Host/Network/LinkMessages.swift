internal import Kernel

/// The answers of rtnetlink(7) to a dump of all links or of their counters, read from their bytes.
struct LinkMessages: ~Escapable {
    /// One link with its counters.
    struct Link: ~Escapable {
        let index: UInt32
        let name: Span<UInt8>
        /// `struct rtnl_link_stats64` or, on old kernels, `rtnl_link_stats`, as 64-bit numbers in
        /// the order of linux/if_link.h; nil when the kernel sent neither.
        let counters: Counters?

        @_lifetime(copy name)
        init(index: UInt32, name: Span<UInt8>, counters: Counters?) {
            self.index = index
            self.name = name
            self.counters = counters
        }
    }

    typealias Counters = [24 of UInt64]

    enum Step: ~Escapable {
        case link(Link)
        /// A link's counters without its name.
        case counters(UInt32, Counters)
        /// A message that is no link, or whose bytes are not what they should be.
        case other
        /// The kernel has sent the last one.
        case done
        /// The kernel refused with this errno.
        case refused(Int32)
        /// The next datagram goes on.
        case datagramEnd
    }

    private var rest: Span<UInt8>

    @_lifetime(copy datagram)
    init(_ datagram: Span<UInt8>) {
        rest = datagram
    }

    @_lifetime(copy self)
    mutating func next() -> Step {
        guard rest.count >= 16 else { return .datagramEnd }
        let length = Int(rest.integer(at: 0, bytes: 4))
        let type = rest.integer(at: 4, bytes: 2)
        guard length >= 16, length <= rest.count else {
            rest = rest.extracting(first: 0)
            return .other
        }
        let payload = rest.extracting(16..<length)
        rest = rest.extracting(droppingFirst: min(rest.count, (length + 3) & ~3))
        switch type {
        case 3: return .done
        case 2:
            guard payload.count >= 4 else { return .other }
            let code = Int32(truncatingIfNeeded: payload.integer(at: 0, bytes: 4))
            return code == 0 ? .other : .refused(code == .min ? .max : abs(code))
        case 16: return LinkMessages.link(payload)
        case 92: return LinkMessages.statistics(payload)
        default: return .other
        }
    }

    /// The attributes behind `struct ifinfomsg`: IFLA_IFNAME, IFLA_STATS64, IFLA_STATS.
    @_lifetime(copy payload)
    private static func link(_ payload: Span<UInt8>) -> Step {
        guard payload.count >= 16 else { return .other }
        var attributes = payload.extracting(droppingFirst: 16)
        var name = payload.extracting(first: 0)
        var wide: Counters?
        var narrow: Counters?
        while attributes.count >= 4 {
            let length = Int(attributes.integer(at: 0, bytes: 2))
            guard length >= 4, length <= attributes.count else { return .other }
            let value = attributes.extracting(4..<length)
            switch attributes.integer(at: 2, bytes: 2) & 0x3FFF {
            case 3: name = value.extracting(first: value.offset(of: 0) ?? value.count)
            case 23: wide = counters(value, width: 8)
            case 7: narrow = counters(value, width: 4)
            default: break
            }
            attributes = attributes.extracting(
                droppingFirst: min(attributes.count, (length + 3) & ~3))
        }
        if name.isEmpty { return .other }
        let index = UInt32(truncatingIfNeeded: payload.integer(at: 4, bytes: 4))
        return .link(Link(index: index, name: name, counters: wide ?? narrow))
    }

    /// The attribute behind `struct if_stats_msg`: IFLA_STATS_LINK_64.
    @_lifetime(copy payload)
    private static func statistics(_ payload: Span<UInt8>) -> Step {
        guard payload.count >= 16 else { return .other }
        let length = Int(payload.integer(at: 12, bytes: 2))
        guard payload.integer(at: 14, bytes: 2) & 0x3FFF == 1, length >= 4,
            length <= payload.count - 12,
            let counters = counters(payload.extracting(16..<12 + length), width: 8)
        else { return .other }
        return .counters(UInt32(truncatingIfNeeded: payload.integer(at: 4, bytes: 4)), counters)
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

extension Span where Element == UInt8 {
    /// A little-endian number; the bytes are there.
    fileprivate func integer(at start: Int, bytes: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<bytes { value |= UInt64(self[start + index]) << (8 * UInt64(index)) }
        return value
    }

    /// As `integer`, of eight bytes.
    fileprivate func wide(at start: Int) -> UInt64 {
        precondition(start >= 0 && start + 8 <= count)
        let number = unsafe withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        }
        return UInt64(littleEndian: number)
    }
}
