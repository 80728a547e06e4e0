internal import Exposition
internal import Kernel
internal import Settings

/// The fields of each CPU in /proc/cpuinfo (`--collector.cpu.info`), and the flags and bugs of the
/// first one that patterns choose.
struct CPUInfo: ~Copyable {
    private struct Record {
        var fields: [String: String] = [:]

        /// The CPU's capabilities: `flags` on x86, `Features` on ARM and LoongArch, `features` on
        /// s390.
        var flags: String? { fields["flags"] ?? fields["Features"] ?? fields["features"] }

        /// A record about the machine and no CPU, as 32-bit ARM and s390 write one.
        var isAboutMachine: Bool {
            fields["processor"] == nil
                && (flags != nil || fields["Hardware"] != nil || fields["Processor"] != nil)
        }
    }

    private var file: KernelFile
    private let flags: Pattern?
    private let bugs: Pattern?
    private var table = SeriesTable([
        .init(Family("node_cpu_info", kind: .gauge, help: "CPU information from /proc/cpuinfo."))
    ])
    private var frequencies = SeriesTable([
        .init(
            Family(
                "node_cpu_frequency_hertz", kind: .gauge,
                help: "CPU frequency in hertz from /proc/cpuinfo."))
    ])
    private var flagTable = SeriesTable([
        .init(
            Family(
                "node_cpu_flag_info", kind: .gauge,
                help:
                    "The `flags` field of CPU information from /proc/cpuinfo taken from the first core."
            ))
    ])
    private var bugTable = SeriesTable([
        .init(
            Family(
                "node_cpu_bug_info", kind: .gauge,
                help:
                    "The `bugs` field of CPU information from /proc/cpuinfo taken from the first core."
            ))
    ])

    /// The peer shows the frequencies only where its collector cpufreq runs.
    private let showsFrequency: Bool

    init(_ roots: FilesystemRoots, showsFrequency: Bool, flags: Pattern?, bugs: Pattern?) {
        file = roots.proc.file("cpuinfo", limit: 8 << 20)
        self.showsFrequency = showsFrequency
        self.flags = flags
        self.bugs = bugs
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(&file)
        let (records, machine, skipped) = CPUInfo.parse(scrape.text.bytes)
        scrape.skippedLines += skipped
        table.begin()
        frequencies.begin()
        for record in records {
            func field(_ name: String) -> String { record.fields[name] ?? "" }
            let place = [
                ("package", field("physical id")), ("core", field("core id")),
                ("cpu", field("processor")),
            ]
            let labels =
                place + [
                    ("vendor", field("vendor_id")), ("family", field("cpu family")),
                    ("model", field("model")),
                    (
                        "model_name",
                        record.fields["model name"] ?? machine.fields["Processor"] ?? ""
                    ),
                    ("microcode", field("microcode")), ("stepping", field("stepping")),
                    ("cachesize", field("cache size")),
                ]
            CPUInfo.set(&table, labels: labels, value: 1)
            if showsFrequency, let megahertz = Double(field("cpu MHz")) {
                CPUInfo.set(&frequencies, labels: place, value: megahertz * 1e6)
            }
        }
        table.end()
        frequencies.end()
        table.write(to: &page)
        frequencies.write(to: &page)
        CPUInfo.write(
            records.first?.flags ?? machine.flags, pattern: flags, label: "flag", table: &flagTable,
            to: &page)
        CPUInfo.write(
            records.first?.fields["bugs"], pattern: bugs, label: "bug", table: &bugTable, to: &page)
    }

    private static func write(
        _ words: String?, pattern: Pattern?, label: String, table: inout SeriesTable,
        to page: inout Page
    ) {
        guard let pattern else { return }
        table.begin()
        for word in (words ?? "").split(separator: " ") {
            let word = String(word)
            if pattern.matches(word.utf8Span.span) {
                set(&table, labels: [(label, word)], value: 1)
            }
        }
        table.end()
        table.write(to: &page)
    }

    private static func set(
        _ table: inout SeriesTable, labels: [(name: String, value: String)], value: Double
    ) {
        let key = Array(labels.map(\.value).joined(separator: "\0").utf8)
        if let row = table.row(key.span, labels: { labels }) { table[row, 0] = value }
    }

    /// One record per CPU: `name<tab>: value` lines, ended by an empty one. `machine` has what the
    /// records about no CPU say.
    private static func parse(
        _ text: Span<UInt8>
    ) -> (records: [Record], machine: Record, skipped: Int) {
        var skipped = 0
        var records: [Record] = []
        var machine = Record()
        var record = Record()
        func close() {
            if UInt64(record.fields["processor"] ?? "") != nil {
                records.append(record)
            } else if record.isAboutMachine {
                machine.fields.merge(record.fields) { first, _ in first }
            } else if !record.fields.isEmpty {
                skipped += 1
            }
            record = Record()
        }
        var lines = Cursor(text)
        while var line = lines.line() {
            if line.rest.trimmed.isEmpty {
                close()
            } else if let name = line.text(before: 0x3A) {
                record.fields[name.trimmed.string] = line.rest.trimmed.string
            } else {
                skipped += 1
            }
        }
        close()
        // 32-bit ARM before Linux 3.8 names the model once and numbers only several CPUs.
        if records.isEmpty, machine.fields["Processor"] != nil {
            records = [Record(fields: ["processor": "0"])]
        }
        return (records, machine, skipped)
    }
}
