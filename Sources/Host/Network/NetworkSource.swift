internal import CLinux
internal import Glibc
internal import Kernel

/// Where the counters of links come from: a netlink socket that stays open, or /proc/net/dev.
struct NetworkSource: ~Copyable {
    private static var datagramBytes: Int { 64 << 10 }

    private var file: KernelFile
    private var usesNetlink: Bool
    private var socket: Int32 = -1
    private var sequence: UInt32 = 0

    init(_ roots: Roots, netlink: Bool) {
        file = roots.proc.file("net/dev", limit: 16 << 20)
        usesNetlink = netlink
    }

    deinit {
        if socket >= 0 { close(socket) }
    }

    /// Shows every link that the source tells of.
    mutating func read(
        _ scrape: inout Scrape, into rows: inout NetworkRows
    ) throws(KernelError) {
        if usesNetlink, socket < 0 {
            socket = clinux_link_socket()
            // A sandbox may forbid the address family: the file tells almost as much.
            if socket < 0 { usesNetlink = false }
        }
        if usesNetlink {
            do throws(KernelError) {
                scrape.skippedLines += try readLinks(&scrape.text, into: &rows)
            } catch {
                close(socket)
                socket = -1
                throw error
            }
        } else {
            try scrape.read(&file)
            scrape.skippedLines += NetworkSource.parse(scrape.text.bytes, into: &rows)
        }
    }

    /// Returns the messages that could not be used.
    private mutating func readLinks(
        _ datagram: inout Buffer, into rows: inout NetworkRows
    ) throws(KernelError) -> Int {
        sequence &+= 1
        guard clinux_link_request(socket, sequence) == 0 else { throw .last("rtnetlink") }
        var skipped = 0
        while true {
            datagram.removeAll()
            let socket = self.socket
            unsafe try datagram.append(room: NetworkSource.datagramBytes) {
                (target) throws(KernelError) in
                while true {
                    let got = unsafe recv(socket, target, NetworkSource.datagramBytes, 0)
                    if got >= 0 { return got }
                    guard errno == EINTR else { throw .last("rtnetlink") }
                }
            }
            var messages = LinkMessages(datagram.bytes)
            reading: while true {
                switch messages.next() {
                case .link(let link):
                    if let counters = link.counters,
                        !rows.show(link.name, counters, hasUnhandled: true)
                    {
                        skipped += 1
                    }
                case .other: skipped += 1
                case .refused(let code): throw KernelError(code, "rtnetlink")
                case .done: return skipped
                case .datagramEnd: break reading
                }
            }
        }
    }

    /// Reads /proc/net/dev: two header lines, then `name: 16 numbers`. A name may hold colons.
    /// Returns the lines that could not be used.
    static func parse(_ text: Span<UInt8>, into rows: inout NetworkRows) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        _ = lines.line()
        _ = lines.line()
        while let line = lines.line() {
            guard let colon = line.rest.lastOffset(of: 0x3A) else {
                skipped += 1
                continue
            }
            let name = line.rest.extracting(first: colon).trimmed
            var columns = Cursor(line.rest.extracting(droppingFirst: colon + 1))
            guard !name.isEmpty, let counters = counters(&columns),
                rows.show(name, counters, hasUnhandled: false)
            else {
                skipped += 1
                continue
            }
        }
        return skipped
    }

    /// The 16 columns, each at the place of the link's field of the same meaning.
    private static func counters(_ columns: inout Cursor) -> LinkMessages.Counters? {
        let fields: [16 of Int] = [2, 0, 4, 6, 14, 13, 21, 8, 3, 1, 5, 7, 18, 9, 17, 22]
        var counters = LinkMessages.Counters(repeating: 0)
        for index in 0..<16 {
            guard let value = columns.field() else { return nil }
            counters[fields[index]] = value
        }
        return counters
    }
}
