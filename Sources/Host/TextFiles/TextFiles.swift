internal import Exposition
internal import Glibc
internal import Kernel

/// Metrics that other programs write to `*.prom` files in some directories. Their families are merged
/// into the page after all owners have written.
///
/// A file with a syntax error is left out, sets `node_textfile_scrape_error` and is logged once.
struct TextFiles: Collector, ~Copyable {
    static var name: String { "textfile" }

    /// Files beyond this number are not read: each costs a stat(2) per scrape.
    static var fileLimit: Int { 10_000 }

    private let patterns: [GlobPattern]
    private let seriesLimit: Int
    private var files: [TextFile] = []
    private var shown = TextFileIndex()
    /// Directories that cannot be read in full; each is logged once.
    private var refused: Set<String> = []
    private var times = SeriesTable([
        .init(
            Family(
                "node_textfile_mtime_seconds", kind: .gauge,
                help: "Unixtime mtime of textfiles successfully read."))
    ])
    private let failure = UnlabelledMetric(
        "node_textfile_scrape_error", kind: .gauge,
        help: "1 if there was an error opening or reading a file, 0 otherwise")

    init(_ directories: [String], seriesLimit: Int) {
        patterns = directories.map { GlobPattern($0) }
        self.seriesLimit = seriesLimit
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var isChanged = find(&scrape)
        for place in files.indices {
            let before = files[place].failure
            if !files[place].refresh(&scrape) { continue }
            isChanged = true
            if let failure = files[place].failure, failure != before { scrape.warn(failure) }
        }
        if isChanged {
            shown = TextFileIndex(files, seriesLimit: seriesLimit)
            for warning in shown.warnings { scrape.warn(warning) }
        }
        scrape.mergedFamilies = shown.families
        scrape.mergedSamples = shown.seriesCount
        writeTimes(to: &page)
        let hasFailed =
            !refused.isEmpty || !shown.warnings.isEmpty
            || files.contains { $0.failure != nil }
        page.single(failure, value: hasFailed ? 1 : 0)
    }

    /// Lists the files. Returns whether the list has changed.
    private mutating func find(_ scrape: inout CollectionContext) -> Bool {
        var paths: [String] = []
        var seen: Set<String> = []
        var unusable: Set<String> = []
        for directory in patterns.flatMap(\.paths) {
            let root = Root(directory)
            do throws(KernelError) {
                let names = try root.names(in: "").filter { $0.hasSuffix(".prom") }
                for path in names.sorted().map(root.path(of:)) where seen.insert(path).inserted {
                    if paths.count == TextFiles.fileLimit {
                        throw KernelError(
                            "more than \(TextFiles.fileLimit) files", subject: directory)
                    }
                    paths.append(path)
                }
            } catch {
                let warning = error.about(directory)
                if !refused.contains(directory) { scrape.warn("\(warning)") }
                unusable.insert(directory)
            }
        }
        refused = unusable
        if paths == files.map(\.path) { return false }
        let known = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0) })
        files = paths.map { known[$0] ?? TextFile($0) }
        return true
    }

    private mutating func writeTimes(to page: inout Page) {
        times.begin()
        for file in files {
            guard let seconds = file.changedSeconds,
                let row = times.row(file.path.utf8Span.span, labels: { [("file", file.path)] })
            else { continue }
            times[row, 0] = Double(seconds)
        }
        times.end()
        times.write(to: &page)
    }
}
