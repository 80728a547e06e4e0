internal import Exposition
internal import Kernel

/// The zones of physical memory: /proc/zoneinfo (proc_zoneinfo(5)). Values are pages.
struct ZoneInfo: FileCollector, ~Copyable {
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
            _ key: StaticString, metric: String, help: String,
            kind: Family.Kind = .gauge
        ) -> Field {
            Field(key: key, metric: metric, kind: kind, help: help)
        }
        return [
            field(
                "nr_free_pages", metric: "nr_free_pages",
                help: "Total number of free pages in the zone"),
            field("min", metric: "min_pages", help: "Zone watermark pages_min"),
            field("low", metric: "low_pages", help: "Zone watermark pages_low"),
            field("high", metric: "high_pages", help: "Zone watermark pages_high"),
            field("scanned", metric: "scanned_pages", help: "Pages scanned since last reclaim"),
            field(
                "spanned", metric: "spanned_pages",
                help: "Total pages spanned by the zone, including holes"),
            field(
                "present", metric: "present_pages", help: "Physical pages existing within the zone"),
            field(
                "managed", metric: "managed_pages",
                help: "Present pages managed by the buddy system"),
            field(
                "nr_active_anon", metric: "nr_active_anon_pages",
                help: "Number of anonymous pages recently more used"),
            field(
                "nr_inactive_anon", metric: "nr_inactive_anon_pages",
                help: "Number of anonymous pages recently less used"),
            field(
                "nr_isolated_anon", metric: "nr_isolated_anon_pages",
                help: "Temporary isolated pages from anon lru"),
            field(
                "nr_anon_pages", metric: "nr_anon_pages",
                help: "Number of anonymous pages currently used by the system"),
            field(
                "nr_anon_transparent_hugepages", metric: "nr_anon_transparent_hugepages",
                help: "Number of anonymous transparent huge pages currently used by the system"),
            field(
                "nr_active_file", metric: "nr_active_file_pages",
                help: "Number of active pages with file-backing"),
            field(
                "nr_inactive_file", metric: "nr_inactive_file_pages",
                help: "Number of inactive pages with file-backing"),
            field(
                "nr_isolated_file", metric: "nr_isolated_file_pages",
                help: "Temporary isolated pages from file lru"),
            field("nr_file_pages", metric: "nr_file_pages", help: "Number of file pages"),
            field(
                "nr_slab_reclaimable", metric: "nr_slab_reclaimable_pages",
                help: "Number of reclaimable slab pages"),
            field(
                "nr_slab_unreclaimable", metric: "nr_slab_unreclaimable_pages",
                help: "Number of unreclaimable slab pages"),
            field(
                "nr_mlock_stack", metric: "nr_mlock_stack_pages",
                help: "mlock()ed pages found and moved off LRU"),
            field("nr_kernel_stack", metric: "nr_kernel_stacks", help: "Number of kernel stacks"),
            field("nr_mapped", metric: "nr_mapped_pages", help: "Number of mapped pages"),
            field("nr_dirty", metric: "nr_dirty_pages", help: "Number of dirty pages"),
            field("nr_writeback", metric: "nr_writeback_pages", help: "Number of writeback pages"),
            field(
                "nr_unevictable", metric: "nr_unevictable_pages",
                help: "Number of unevictable pages"),
            field(
                "nr_shmem", metric: "nr_shmem_pages",
                help: "Number of shmem pages (included tmpfs/GEM pages)"),
            field(
                "nr_dirtied", metric: "nr_dirtied_total", help: "Page dirtyings since bootup",
                kind: .counter),
            field(
                "nr_written", metric: "nr_written_total", help: "Page writings since bootup",
                kind: .counter),
            field(
                "numa_hit", metric: "numa_hit_total", help: "Allocated in intended node",
                kind: .counter),
            field(
                "numa_miss", metric: "numa_miss_total", help: "Allocated in non intended node",
                kind: .counter),
            field(
                "numa_foreign", metric: "numa_foreign_total",
                help: "Was intended here, hit elsewhere",
                kind: .counter),
            field(
                "numa_interleave", metric: "numa_interleave_total",
                help: "Interleaver preferred this zone",
                kind: .counter),
            field(
                "numa_local", metric: "numa_local_total", help: "Allocation from local node",
                kind: .counter),
            field(
                "numa_other", metric: "numa_other_total", help: "Allocation from other node",
                kind: .counter),
        ]
    }()

    static var fileRole: FileRole { .lines }

    var file: KernelFile
    private var table: SeriesTable

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("zoneinfo", limit: 16 << 20)
        let columns = ZoneInfo.fields.map {
            SeriesTable.Column(Family("node_zoneinfo_\($0.metric)", kind: $0.kind, help: $0.help))
        }
        let protections = (0..<ZoneInfo.protectionLimit).map {
            SeriesTable.Column(
                Family(
                    "node_zoneinfo_protection_\($0)", kind: .gauge,
                    help: "Protection array \($0). field"
                ))
        }
        table = SeriesTable(columns + protections)
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// A line of `Node 0, zone DMA`, then lines of a name and a number until the next zone. Returns
    /// the lines that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var skipped = 0
        var row: Int?
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            let whole = line.rest.trimmed
            if line.take("Node ") {
                row = zone(&line, whole: whole)
                if row == nil { skipped += 1 }
                continue
            }
            guard let row, let key = line.word() else { continue }
            if key.equals("protection:") {
                if !protect(row, line: &line) { skipped += 1 }
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

    private mutating func zone(_ line: inout Cursor, whole: Span<UInt8>) -> Int? {
        guard let node = line.number(), line.take(","), let word = line.word(),
            word.equals("zone"), let zone = line.word()
        else { return nil }
        return table.row(whole, labels: { [("node", String(node)), ("zone", zone.string)] })
    }

    /// `(0, 1925, 1925)`
    private mutating func protect(_ row: Int, line: inout Cursor) -> Bool {
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
