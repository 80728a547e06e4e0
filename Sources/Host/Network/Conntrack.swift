internal import Exposition
internal import Kernel

/// The table of tracked connections: /proc/sys/net/netfilter/nf_conntrack_{count,max} and
/// /proc/net/stat/nf_conntrack (Documentation/networking/nf_conntrack-sysctl.rst).
struct Conntrack: Collector, ~Copyable {
    static var name: String { "conntrack" }

    private var count: KernelFile
    private var limit: KernelFile
    private var statistics: KernelFile
    private let entries = UnlabelledMetric(
        "node_nf_conntrack_entries", kind: .gauge,
        help: "Number of currently allocated flow entries for connection tracking.")
    private let entryLimit = UnlabelledMetric(
        "node_nf_conntrack_entries_limit", kind: .gauge,
        help: "Maximum size of connection tracking table.")
    private let singles: [UnlabelledMetric]

    /// The statistics that are shown and their columns.
    private static let fields: [(name: String, column: Int, help: String)] = [
        ("found", 2, "Number of searched entries which were successful."),
        ("invalid", 4, "Number of packets seen which can not be tracked."),
        (
            "ignore", 5,
            "Number of packets seen which are already connected to a conntrack entry."
        ),
        ("insert", 8, "Number of entries inserted into the list."),
        (
            "insert_failed", 9,
            "Number of entries for which list insertion was attempted but failed."
        ),
        ("drop", 10, "Number of packets dropped due to conntrack failure."),
        (
            "early_drop", 11,
            "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached."
        ),
        (
            "search_restart", 16,
            "Number of conntrack table lookups which had to be restarted due to hashtable resizes."
        ),
    ]

    init(_ roots: FilesystemRoots) {
        count = roots.proc.file("sys/net/netfilter/nf_conntrack_count", isOneRecord: true)
        limit = roots.proc.file("sys/net/netfilter/nf_conntrack_max", isOneRecord: true)
        statistics = roots.proc.file("net/stat/nf_conntrack", limit: 4 << 20)
        // These are counters, but node_exporter has always exposed them with the type gauge.
        singles = Conntrack.fields.map {
            UnlabelledMetric("node_nf_conntrack_stat_\($0.name)", kind: .gauge, help: $0.help)
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.number(subject: &count, single: entries, to: &page)
        try scrape.number(&limit, single: entryLimit, to: &page)
        do throws(KernelError) {
            try scrape.read(lines: &statistics)
        } catch {
            // A kernel may be built without it.
            if error.isAbsence { return }
            throw error
        }
        let (sums, skipped) = Conntrack.parse(scrape.text.bytes)
        scrape.skippedLines += skipped
        for (index, field) in Conntrack.fields.enumerated() {
            page.single(singles[index], value: Double(sums[field.column]))
        }
    }

    /// The sums over all CPUs by column: a line of names, then one of hexadecimal numbers per CPU.
    static func parse(_ text: Span<UInt8>) -> (sums: [17 of UInt64], skipped: Int) {
        var sums: [17 of UInt64] = .init(repeating: 0)
        var skipped = 0
        var lines = Cursor(text)
        if let names = lines.line(), !names.rest.starts(with: "entries") { skipped += 1 }
        while var line = lines.line() {
            var values: [17 of UInt64] = .init(repeating: 0)
            var count = 0
            while count < 17, let value = line.hexadecimalField() {
                values[count] = value
                count += 1
            }
            line.skipBlanks()
            // Before 2.6.35 the last column was missing.
            guard count >= 16, count == 17 || line.isAtEnd else {
                skipped += 1
                continue
            }
            for column in 0..<17 { sums[column] &+= values[column] }
        }
        return (sums, skipped)
    }
}
