internal import Exposition
internal import Kernel
internal import Settings

/// I/O of block devices from /proc/diskstats (Documentation/admin-guide/iostats.rst) with what udev
/// knows about each device.
struct DiskStats: Collector, ~Copyable {
    static var name: String { "diskstats" }

    /// A counter of a device and what turns it into a base unit.
    private struct Column {
        let name: String
        let help: String
        var kind = Family.Kind.counter
        var scale = 1.0
    }

    // Sectors are 512 bytes whatever the device's own block size is; times are milliseconds.
    private static var columns: [Column] {
        let second = 1.0 / 1000.0
        return [
            Column(
                name: "reads_completed_total",
                help: "The total number of reads completed successfully."),
            Column(name: "reads_merged_total", help: "The total number of reads merged."),
            Column(
                name: "read_bytes_total",
                help: "The total number of bytes read successfully.", scale: 512),
            Column(
                name: "read_time_seconds_total",
                help: "The total number of seconds spent by all reads.", scale: second),
            Column(
                name: "writes_completed_total",
                help: "The total number of writes completed successfully."),
            Column(name: "writes_merged_total", help: "The number of writes merged."),
            Column(
                name: "written_bytes_total",
                help: "The total number of bytes written successfully.", scale: 512),
            Column(
                name: "write_time_seconds_total",
                help: "This is the total number of seconds spent by all writes.", scale: second),
            Column(
                name: "io_now", help: "The number of I/Os currently in progress.", kind: .gauge),
            Column(
                name: "io_time_seconds_total", help: "Total seconds spent doing I/Os.",
                scale: second),
            Column(
                name: "io_time_weighted_seconds_total",
                help: "The weighted # of seconds spent doing I/Os.", scale: second),
            Column(
                name: "discards_completed_total",
                help: "The total number of discards completed successfully."),
            Column(name: "discards_merged_total", help: "The total number of discards merged."),
            Column(
                name: "discarded_sectors_total",
                help: "The total number of sectors discarded successfully."),
            Column(
                name: "discard_time_seconds_total",
                help: "This is the total number of seconds spent by all discards.", scale: second),
            Column(
                name: "flush_requests_total",
                help: "The total number of flush requests completed successfully"),
            Column(
                name: "flush_requests_time_seconds_total",
                help: "This is the total number of seconds spent by all flush requests.",
                scale: second),
        ]
    }

    /// Reads, writes and times have been there since 2.6; discards came with 4.18, flushes 5.5.
    private static var fewestCounters: Int { 11 }

    private var file: KernelFile
    private var filter: CachedFilter
    private let scales: [Double]
    private var table: SeriesTable
    private var properties: DiskProperties

    init(_ roots: FilesystemRoots, filter: Filter) {
        // A line has a name of at most 32 bytes and 19 numbers of at most 20 digits.
        file = KernelFile(
            path: roots.proc.path(of: "diskstats"), limit: 16 << 20, longestRecord: 512)
        self.filter = CachedFilter(filter)
        scales = DiskStats.columns.map(\.scale)
        table = SeriesTable(
            DiskStats.columns.map {
                SeriesTable.Column(Family("node_disk_\($0.name)", kind: $0.kind, help: $0.help))
            })
        properties = DiskProperties(roots)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        do throws(KernelError) {
            try scrape.read(&file)
        } catch {
            guard error.isAbsence else { throw error }
            // A kernel without block devices has no such file.
            scrape.isAbsent = true
            return
        }
        scrape.skippedLines += parse(scrape.text.bytes)
        properties.write(to: &page)
        table.write(to: &page)
    }

    /// Returns the lines that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        table.begin()
        filter.begin()
        properties.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let major = line.field(), let minor = line.field(), let name = line.word() else {
                skipped += 1
                continue
            }
            if !filter.matches(name) { continue }
            var counters: [17 of UInt64] = .init(repeating: 0)
            var count = 0
            while count < 17, let value = line.field() {
                counters[count] = value
                count += 1
            }
            line.skipBlanks()
            // Stopping before the end at a text is a damaged line; more columns are a new kernel.
            guard count >= DiskStats.fewestCounters, count == 17 || line.isAtEnd,
                let row = table.row(name, labels: { [("device", name.string)] })
            else {
                skipped += 1
                continue
            }
            for column in 0..<count {
                table[row, column] = Double(counters[column]) * scales[column]
            }
            properties.show(name, major: major, minor: minor)
        }
        table.end()
        properties.end()
        return skipped
    }
}
