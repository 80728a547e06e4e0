internal import Kernel

/// Where the counters of links come from: rtnetlink(7), or /proc/net/dev.
struct NetDevSource: ~Copyable {
    private var file: KernelFile
    private var usesNetlink: Bool
    private var dump: LinkDump?

    init(_ roots: FilesystemRoots, netlink: Bool) {
        file = roots.proc.file("net/dev", limit: 16 << 20)
        usesNetlink = netlink
    }

    /// Adds all links of the source to `rows`.
    mutating func read(
        _ scrape: inout CollectionContext, into rows: inout NetDevRows
    ) throws(KernelError) {
        // A sandbox may forbid the address family; the file has almost the same values.
        if usesNetlink, dump == nil {
            dump = try? LinkDump()
            usesNetlink = dump != nil
        }
        if var dump = dump.take() {
            // A socket that failed is opened again by the next scrape.
            scrape.skippedLines += try dump.read(&scrape.text, into: &rows)
            self.dump = consume dump
        } else {
            try scrape.read(lines: &file)
            scrape.skippedLines += NetDevSource.parse(scrape.text.bytes, into: &rows)
        }
    }

    /// Reads /proc/net/dev: two header lines, then `name: 16 numbers`. A name may hold colons.
    /// Returns the lines that could not be used.
    static func parse(_ text: Span<UInt8>, into rows: inout NetDevRows) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        for _ in 0..<2 {
            if let names = lines.line(), names.rest.offset(of: 0x7C) == nil { skipped += 1 }
        }
        while let line = lines.line() {
            guard let colon = line.rest.lastOffset(of: 0x3A) else {
                skipped += 1
                continue
            }
            let name = line.rest.extracting(first: colon).trimmed
            var columns = Cursor(line.rest.extracting(droppingFirst: colon + 1))
            guard !name.isEmpty, let counters = counters(&columns),
                rows.show(name, counters: counters, hasUnhandled: false)
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
