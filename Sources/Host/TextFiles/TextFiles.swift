internal import Exposition
internal import Glibc
internal import Kernel

/// Metrics that others leave in files `*.prom` of some directories: their families join those of the
/// page or stand at its end.
///
/// A file that is no metrics costs itself, and is told by `node_textfile_scrape_error` and once in
/// the log.
struct TextFiles: Collector, ~Copyable {
    static var name: String { "textfile" }

    /// Files beyond this many are not read.
    static var fileLimit: Int { 10_000 }

    private let patterns: [GlobPattern]
    private let seriesLimit: Int
    private var files: [TextFile] = []
    private var shown = TextFileIndex()
    /// Directories that cannot be read in full, each told once.
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

    /// Comes before the page's first family, because it invites guests.
    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var isChanged = find(&scrape)
        for place in files.indices {
            let before = files[place].failure
            if !files[place].refresh(&scrape) { continue }
            isChanged = true
            if let failure = files[place].failure, failure != before { scrape.note(failure) }
        }
        if isChanged {
            shown = TextFileIndex(files, seriesLimit: seriesLimit)
            for complaint in shown.complaints { scrape.note(complaint) }
        }
        page.invite(shown.families, isUnique: false)
        scrape.guestSamples = shown.seriesCount
        writeTimes(to: &page)
        let hasFailed =
            !refused.isEmpty || !shown.complaints.isEmpty
            || files.contains { $0.failure != nil }
        page.single(failure, value: hasFailed ? 1 : 0)
    }

    /// Lists the files. Returns whether other ones are there than before.
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
                        throw KernelError(E2BIG, subject: directory)
                    }
                    paths.append(path)
                }
            } catch {
                let told = KernelError(error.code, subject: directory)
                if !refused.contains(directory) { scrape.note("\(told)") }
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
