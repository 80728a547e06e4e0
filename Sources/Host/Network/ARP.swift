internal import Exposition
internal import Kernel
internal import Settings

/// IPv4 neighbours by device, from rtnetlink(7) or /proc/net/arp.
struct ARP: Collector, ~Copyable {
    static var name: String { "arp" }

    /// NUD_NOARP: an entry that was never asked for.
    private static let unasked: UInt64 = 0x40
    private static let newNeighbour: UInt16 = 28

    /// How many neighbours something has; what has none any more is forgotten.
    fileprivate struct Tally {
        var links: [UInt32] = []
        var devices: [[UInt8]] = []
        var counts: [Int] = []
        var last = 0

        mutating func begin() {
            for index in counts.indices { counts[index] = 0 }
        }
    }

    private var file: KernelFile
    private var usesNetlink: Bool
    private var socket: NetlinkSocket?
    private var filter: CachedFilter
    private var tally = Tally()
    private var name: [UInt8] = []
    private var table = SeriesTable([
        .init(Family("node_arp_entries", kind: .gauge, help: "ARP entries by device"))
    ])

    init(_ roots: FilesystemRoots, settings: ARPSettings) {
        file = roots.proc.file("net/arp", limit: 16 << 20)
        usesNetlink = settings.usesNetlink
        filter = CachedFilter(settings.filter)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if usesNetlink, socket == nil {
            socket = try? NetlinkSocket(.route)
            if socket == nil { usesNetlink = false }
        }
        if usesNetlink, let socket = self.socket.take() {
            // A socket whose dump failed is not put back.
            self.socket = try ask(socket, scrape: &scrape)
        } else {
            try scrape.read(lines: &file)
            scrape.skippedLines += parse(scrape.text.bytes)
        }
        write(to: &page)
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    private mutating func ask(
        _ socket: consuming NetlinkSocket, scrape: inout CollectionContext
    ) throws(KernelError) -> NetlinkSocket {
        var tally = self.tally
        self.tally = Tally()
        tally.begin()
        scrape.skippedLines += try socket.dump(.neighbours, into: &scrape.text) { message in
            guard message.type == ARP.newNeighbour, message.payload.count >= 12 else {
                return false
            }
            if message.payload.integer(at: 8, bytes: 2) & ARP.unasked != 0 { return true }
            tally.count(UInt32(truncatingIfNeeded: message.payload.integer(at: 4, bytes: 4)))
            return true
        }
        begin()
        for (index, link) in tally.links.enumerated() where tally.counts[index] > 0 {
            name.removeAll(keepingCapacity: true)
            if socket.appendName(ofLink: link, to: &name) { show(name, count: tally.counts[index]) }
        }
        table.end()
        tally.forget()
        self.tally = tally
        return socket
    }

    /// Counts lines of six columns, the last of which is the device. Returns those that are none.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        tally.begin()
        var lines = Cursor(text)
        if let names = lines.line(), !names.rest.starts(with: "IP address") { skipped += 1 }
        while var line = lines.line() {
            var columns = 0
            while columns < 5, line.word() != nil { columns += 1 }
            guard columns == 5, let device = line.word(), line.word() == nil else {
                skipped += 1
                continue
            }
            tally.count(device)
        }
        begin()
        for index in tally.devices.indices where tally.counts[index] > 0 {
            show(tally.devices[index], count: tally.counts[index])
        }
        table.end()
        tally.forget()
        return skipped
    }

    private mutating func begin() {
        table.begin()
        filter.begin()
    }

    private mutating func show(_ device: [UInt8], count: Int) {
        if !filter.matches(device.span) { return }
        if let row = table.row(device.span, labels: { [("device", device.span.string)] }) {
            table[row, 0] = Double(count)
        }
    }
}

extension ARP.Tally {
    /// Neighbours of one device mostly follow each other.
    fileprivate mutating func count(_ link: UInt32) {
        if last >= links.count || links[last] != link {
            last = links.firstIndex(of: link) ?? links.count
            if last == links.count {
                links.append(link)
                counts.append(0)
            }
        }
        counts[last] += 1
    }

    fileprivate mutating func count(_ device: Span<UInt8>) {
        if last >= devices.count || !device.equals(devices[last]) {
            last = 0
            while last < devices.count, !device.equals(devices[last]) { last += 1 }
            if last == devices.count {
                devices.append(device.copied)
                counts.append(0)
            }
        }
        counts[last] += 1
    }

    fileprivate mutating func forget() {
        if !counts.contains(0) { return }
        self = ARP.Tally()
    }
}
