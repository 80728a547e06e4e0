internal import CLinux
internal import Glibc
internal import Kernel

/// The counters of all links over netlink sockets that stay open.
///
/// A full dump of the links (RTM_GETLINK) tells names and counters; while the kernel announces no
/// change of a link, the counters alone (RTM_GETSTATS, Linux 4.7) cost a fraction of that.
struct LinkDump: ~Copyable {
    private static var datagramBytes: Int { 64 << 10 }

    private let socket: Int32
    /// Where the kernel announces that links come, go and change; -1 when it cannot.
    private let changes: Int32
    private var sequence: UInt32 = 0
    /// The links in the kernel's order, until one changes.
    private var links: [(index: UInt32, name: [UInt8])]?
    private var hasStatistics = true

    init() throws(KernelError) {
        socket = clinux_link_socket()
        guard socket >= 0 else { throw .last("rtnetlink") }
        changes = clinux_link_changes()
    }

    deinit {
        close(socket)
        if changes >= 0 { close(changes) }
    }

    /// Shows every link. Returns the messages that could not be used.
    mutating func read(
        _ datagram: inout Buffer, into rows: inout NetworkRows
    ) throws(KernelError) -> Int {
        if changes < 0 || haveChanged(&datagram) { links = nil }
        if hasStatistics, links != nil {
            do throws(KernelError) {
                return try readCounters(&datagram, into: &rows)
            } catch {
                // A kernel or sandbox that does not know the request refuses it before all else.
                guard error.code == EOPNOTSUPP || error.code == EINVAL else { throw error }
                hasStatistics = false
            }
        }
        return try readLinks(&datagram, into: &rows)
    }

    /// Empties the announcements, whatever they say; one that was lost is one too.
    private func haveChanged(_ datagram: inout Buffer) -> Bool {
        var isChanged = false
        while true {
            datagram.removeAll()
            do throws(KernelError) {
                try LinkDump.receive(changes, &datagram)
            } catch {
                if error.code == EAGAIN { return isChanged }
                if error.code != ENOBUFS { return true }
            }
            isChanged = true
        }
    }

    private mutating func readLinks(
        _ datagram: inout Buffer, into rows: inout NetworkRows
    ) throws(KernelError) -> Int {
        sequence &+= 1
        guard clinux_link_request(socket, sequence) == 0 else { throw .last("rtnetlink") }
        var found: [(index: UInt32, name: [UInt8])] = []
        var skipped = 0
        while true {
            datagram.removeAll()
            try LinkDump.receive(socket, &datagram)
            var messages = LinkMessages(datagram.bytes)
            reading: while true {
                switch messages.next() {
                case .link(let link):
                    found.append((link.index, link.name.copied))
                    if let counters = link.counters,
                        !rows.show(link.name, counters, hasUnhandled: true)
                    {
                        skipped += 1
                    }
                case .counters, .other: skipped += 1
                case .refused(let code): throw KernelError(code, "rtnetlink")
                case .done:
                    links = skipped == 0 ? found : nil
                    return skipped
                case .datagramEnd: break reading
                }
            }
        }
    }

    private mutating func readCounters(
        _ datagram: inout Buffer, into rows: inout NetworkRows
    ) throws(KernelError) -> Int {
        sequence &+= 1
        guard clinux_link_statistics_request(socket, sequence) == 0 else {
            throw .last("rtnetlink")
        }
        var skipped = 0
        var next = 0
        while true {
            datagram.removeAll()
            try LinkDump.receive(socket, &datagram)
            var messages = LinkMessages(datagram.bytes)
            reading: while true {
                switch messages.next() {
                case .counters(let index, let counters):
                    guard let place = place(of: index, next) else { continue }
                    next = place + 1
                    if !show(place, counters, in: &rows) { skipped += 1 }
                case .link, .other: skipped += 1
                case .refused(let code): throw KernelError(code, "rtnetlink")
                case .done: return skipped
                case .datagramEnd: break reading
                }
            }
        }
    }

    /// Where the link stands, as a rule where it is guessed; nil for one that has just come, whose
    /// announcement the next scrape finds.
    private func place(of index: UInt32, _ guess: Int) -> Int? {
        guard let links else { return nil }
        if guess < links.count, links[guess].index == index { return guess }
        return links.firstIndex { $0.index == index }
    }

    private func show(
        _ place: Int, _ counters: LinkMessages.Counters, in rows: inout NetworkRows
    ) -> Bool {
        guard let name = links?[place].name else { return false }
        return rows.show(name.span, counters, hasUnhandled: true)
    }

    private static func receive(
        _ socket: Int32, _ datagram: inout Buffer
    ) throws(KernelError) {
        unsafe try datagram.append(room: datagramBytes) { (target) throws(KernelError) in
            while true {
                let got = unsafe recv(socket, target, datagramBytes, 0)
                if got >= 0 { return got }
                guard errno == EINTR else { throw .last("rtnetlink") }
            }
        }
    }
}
