internal import Kernel

/// Where the counters of links come from: a netlink socket that stays open, or /proc/net/dev.
struct NetworkSource: ~Copyable {
    private var file: KernelFile
    private var usesNetlink: Bool
    private var socket: NetlinkSocket?

    init(_ roots: Roots, netlink: Bool) {
        file = roots.proc.file("net/dev", limit: 16 << 20)
        usesNetlink = netlink
    }

    /// Shows every link that the source tells of.
    mutating func read(
        _ scrape: inout Scrape, into rows: inout NetworkRows
    ) throws(KernelError) {
        if usesNetlink, socket == nil {
            socket = try? NetlinkSocket(.route)
            // A sandbox may forbid the address family: the file tells almost as much.
            if socket == nil { usesNetlink = false }
        }
        guard usesNetlink, var socket = self.socket.take() else {
            try scrape.read(&file)
            scrape.skippedLines += NetworkSource.parse(scrape.text.bytes, into: &rows)
            return
        }
        // A socket whose dump failed is not put back.
        scrape.skippedLines += try socket.dump(.links, into: &scrape.text) { message in
            NetworkSource.show(message, in: &rows)
        }
        self.socket = consume socket
    }

    /// False when the message is no link, or one that has been shown.
    private static func show(
        _ message: NetlinkMessages.Message, in rows: inout NetworkRows
    ) -> Bool {
        guard message.type == LinkMessages.newLink,
            let link = LinkMessages.link(message.payload)
        else { return false }
        guard let counters = link.counters else { return true }
        return rows.show(link.name, counters, hasUnhandled: true)
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
