internal import Exposition
internal import Kernel

/// The zones of physical memory: /proc/zoneinfo (proc_zoneinfo(5)). Values are pages.
struct ZoneInfo: Collector, ~Copyable {
    static var name: String { "zoneinfo" }

    /// Zones that a zone is protected from; no kernel has more than six zones.
    static var protectionLimit: Int { 8 }

    private struct Field {
        let key: StaticString
        let metric: String
        let kind: Family.Kind
        let help: String
    }

    private static let fields: [Field] = {
        func field(
            _ key: StaticString, _ metric: String, _ help: String,
            _ kind: Family.Kind = .gauge
        ) -> Field {
            Field(key: key, metric: metric, kind: kind, help: help)
        }
        return [
            field("nr_free_pages", "nr_free_pages", "Total number of free pages in the zone"),
            field("min", "min_pages", "Zone watermark pages_min"),
            field("low", "low_pages", "Zone watermark pages_low"),
            field("high", "high_pages", "Zone watermark pages_high"),
            field("scanned", "scanned_pages", "Pages scanned since last reclaim"),
            field(
                "spanned", "spanned_pages", "Total pages spanned by the zone, including holes"),
            field("present", "present_pages", "Physical pages existing within the zone"),
            field("managed", "managed_pages", "Present pages managed by the buddy system"),
            field(
                "nr_active_anon", "nr_active_anon_pages",
                "Number of anonymous pages recently more used"),
            field(
                "nr_inactive_anon", "nr_inactive_anon_pages",
                "Number of anonymous pages recently less used"),
            field(
                "nr_isolated_anon", "nr_isolated_anon_pages",
                "Temporary isolated pages from anon lru"),
            field(
                "nr_anon_pages", "nr_anon_pages",
                "Number of anonymous pages currently used by the system"),
            field(
                "nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages",
                "Number of anonymous transparent huge pages currently used by the system"),
            field(
                "nr_active_file", "nr_active_file_pages",
                "Number of active pages with file-backing"),
            field(
                "nr_inactive_file", "nr_inactive_file_pages",
                "Number of inactive pages with file-backing"),
            field(
                "nr_isolated_file", "nr_isolated_file_pages",
                "Temporary isolated pages from file lru"),
            field("nr_file_pages", "nr_file_pages", "Number of file pages"),
            field(
                "nr_slab_reclaimable", "nr_slab_reclaimable_pages",
                "Number of reclaimable slab pages"),
            field(
                "nr_slab_unreclaimable", "nr_slab_unreclaimable_pages",
                "Number of unreclaimable slab pages"),
            field(
                "nr_mlock_stack", "nr_mlock_stack_pages",
                "mlock()ed pages found and moved off LRU"),
            field("nr_kernel_stack", "nr_kernel_stacks", "Number of kernel stacks"),
            field("nr_mapped", "nr_mapped_pages", "Number of mapped pages"),
            field("nr_dirty", "nr_dirty_pages", "Number of dirty pages"),
            field("nr_writeback", "nr_writeback_pages", "Number of writeback pages"),
            field("nr_unevictable", "nr_unevictable_pages", "Number of unevictable pages"),
            field("nr_shmem", "nr_shmem_pages", "Number of shmem pages (included tmpfs/GEM pages)"),
            field("nr_dirtied", "nr_dirtied_total", "Page dirtyings since bootup", .counter),
            field("nr_written", "nr_written_total", "Page writings since bootup", .counter),
            field("numa_hit", "numa_hit_total", "Allocated in intended node", .counter),
            field("numa_miss", "numa_miss_total", "Allocated in non intended node", .counter),
            field(
                "numa_foreign", "numa_foreign_total", "Was intended here, hit elsewhere",
                .counter),
            field(
                "numa_interleave", "numa_interleave_total", "Interleaver preferred this zone",
                .counter),
            field("numa_local", "numa_local_total", "Allocation from local node", .counter),
            field("numa_other", "numa_other_total", "Allocation from other node", .counter),
        ]
    }()

    private var file: KernelFile
    private var table: SeriesTable

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("zoneinfo", limit: 16 << 20)
        let columns = ZoneInfo.fields.map {
            SeriesTable.Column(Family("node_zoneinfo_\($0.metric)", $0.kind, help: $0.help))
        }
        let protections = (0..<ZoneInfo.protectionLimit).map {
            SeriesTable.Column(
                Family(
                    "node_zoneinfo_protection_\($0)", .gauge, help: "Protection array \($0). field"
                ))
        }
        table = SeriesTable(columns + protections)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(lines: &file)
        scrape.skippedLines += parse(scrape.text.bytes)
        table.write(to: &page)
    }

    /// A line of `Node 0, zone DMA`, then lines of a name and a number until the next zone. Returns
    /// the lines that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        var row: Int?
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            let whole = line.rest.trimmed
            if line.take("Node ") {
                row = zone(&line, whole)
                if row == nil { skipped += 1 }
                continue
            }
            guard let row, let key = line.word() else { continue }
            if key.equals("protection:") {
                if !protect(row, &line) { skipped += 1 }
                continue
            }
            guard let column = ZoneInfo.column(key) else {
                // A name that was cut is counted, one of a later kernel is not.
                if key.starts(with: "n"), line.field() == nil { skipped += 1 }
                continue
            }
            guard let value = line.signedField() else {
                skipped += 1
                continue
            }
            table[row, column] = value
        }
        table.end()
        // Lines outside a zone are not ours, but some are inside one.
        return table.rowCount == 0 ? max(skipped, 1) : skipped
    }

    private mutating func zone(_ line: inout Cursor, _ whole: Span<UInt8>) -> Int? {
        guard let node = line.number(), line.take(","), let word = line.word(),
            word.equals("zone"), let zone = line.word()
        else { return nil }
        return table.row(whole, labels: { [("node", String(node)), ("zone", zone.string)] })
    }

    /// `(0, 1925, 1925)`
    private mutating func protect(_ row: Int, _ line: inout Cursor) -> Bool {
        line.skipBlanks()
        guard line.take("(") else { return false }
        var column = ZoneInfo.fields.count
        while column < table.columns.count {
            guard let value = line.number() else { return false }
            table[row, column] = Double(value)
            column += 1
            if line.take(")") { return true }
            guard line.take(",") else { return false }
        }
        return false
    }

    private static func column(_ key: Span<UInt8>) -> Int? {
        for index in fields.indices where key.equals(fields[index].key) { return index }
        return nil
    }
}
