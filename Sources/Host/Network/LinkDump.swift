internal import Glibc
internal import Kernel

/// The counters of all links over netlink sockets that stay open.
///
/// A full dump of the links (RTM_GETLINK) has names and counters. While the kernel announces no
/// change of a link, only the counters are dumped (RTM_GETSTATS, Linux 4.7), at a fraction of the
/// cost.
struct LinkDump: ~Copyable {
    private var socket: NetlinkSocket
    /// Nil when the kernel cannot announce that links come, go and change.
    private let events: LinkEvents?
    /// The links in the kernel's order, until one changes.
    private var links: [(index: UInt32, name: [UInt8])]?
    private var hasStatistics = true

    init() throws(KernelError) {
        socket = try NetlinkSocket(.route)
        events = try? LinkEvents()
    }

    /// Shows every link. Returns the messages that could not be used.
    mutating func read(
        _ datagram: inout Buffer, into rows: inout NetDevRows
    ) throws(KernelError) -> Int {
        if haveChanged(&datagram) { links = nil }
        if hasStatistics, let links {
            do throws(KernelError) {
                return try readCounters(of: links, datagram: &datagram, into: &rows)
            } catch {
                // A kernel or sandbox that does not know the request refuses it before all else.
                guard error.code == EOPNOTSUPP || error.code == EINVAL else { throw error }
                hasStatistics = false
            }
        }
        return try readLinks(&datagram, into: &rows)
    }

    private func haveChanged(_ datagram: inout Buffer) -> Bool {
        var isChanged = false
        let lifecycle = events?.read(&datagram) { _ in isChanged = true }
        return isChanged || lifecycle != .known
    }

    private mutating func readLinks(
        _ datagram: inout Buffer, into rows: inout NetDevRows
    ) throws(KernelError) -> Int {
        var found: [(index: UInt32, name: [UInt8])] = []
        let skipped = try socket.dump(.links, into: &datagram) { message in
            guard message.type == LinkMessages.newLink,
                let link = LinkMessages.link(message.payload)
            else { return false }
            found.append((link.index, link.name.copied))
            guard let counters = link.counters else { return true }
            return rows.show(link.name, counters: counters, hasUnhandled: true)
        }
        links = skipped == 0 ? found : nil
        return skipped
    }

    private mutating func readCounters(
        of links: [(index: UInt32, name: [UInt8])], datagram: inout Buffer,
        into rows: inout NetDevRows
    ) throws(KernelError) -> Int {
        var next = 0
        return try socket.dump(.linkCounters, into: &datagram) { message in
            guard message.type == LinkMessages.linkCounters,
                let (index, counters) = LinkMessages.statistics(message.payload)
            else { return false }
            if next >= links.count || links[next].index != index {
                // One that has just come is announced to the next scrape.
                guard let place = links.firstIndex(where: { $0.index == index }) else {
                    return true
                }
                next = place
            }
            next += 1
            let name = links[next - 1].name
            return rows.show(name.span, counters: counters, hasUnhandled: true)
        }
    }
}
