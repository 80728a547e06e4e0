internal import Exposition
internal import Kernel
internal import Settings
internal import Wire

/// Events of the virtual memory since boot: those fields of /proc/vmstat that a pattern chooses.
struct VMStat: Collector, ~Copyable {
    static var name: String { "vmstat" }

    private var file: KernelFile
    private let pattern: Pattern?
    private var fields = FieldList()

    init(_ roots: FilesystemRoots, pattern: Pattern?) {
        file = roots.proc.file("vmstat")
        self.pattern = pattern
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(lines: &file)
        scrape.skippedLines += write(scrape.text.bytes, to: &page)
    }

    /// Writes a family per line of a name and a number. Returns the number of other lines.
    mutating func write(_ text: Span<UInt8>, to page: inout Page) -> Int {
        var skipped = 0
        let pattern = pattern
        fields.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.word() else {
                skipped += 1
                continue
            }
            switch fields.find(name, meaning: { VMStat.meaning($0, pattern: pattern) }) {
            case .series(let single):
                if let value = line.signedField() {
                    page.single(single, value: value)
                } else {
                    skipped += 1
                }
            case .unwanted: break
            case .invalid: skipped += 1
            }
        }
        return skipped
    }

    private static func meaning(
        _ name: Span<UInt8>, pattern: Pattern?
    ) -> FieldList.Meaning {
        let family = "node_vmstat_\(name.string)"
        guard family.utf8Span.span.isMetricName else { return .invalid }
        if let pattern, !pattern.matches(name) { return .unwanted }
        return .series(
            UnlabelledMetric(
                family, kind: .untyped, help: "/proc/vmstat information field \(name.string)."))
    }
}
