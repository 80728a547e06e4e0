import Exposition
import Glibc
import Kernel
import Scratch
import Testing

@testable import Host

/// Files of metrics in directories: what is exposed, rejected and reported.
struct TextFilesTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
    }

    /// A page of the collector alone, and what it told.
    private func page(
        _ files: inout TextFiles, format: Format = .text
    ) throws -> (lines: [String], warnings: [String]) {
        var scrape = CollectionContext()
        scrape.begin()
        var page = Page(format: format, body: Buffer(capacity: 4096))
        try files.collect(&scrape, into: &page)
        if let families = scrape.mergedFamilies {
            page.merge([FamilySource(families, hasUniqueSeries: false)])
        }
        page.finish()
        let lines = page.bytes.string.split(separator: "\n").map(String.init)
        return (lines.filter { !$0.contains("node_textfile_mtime_seconds") }, scrape.warnings)
    }

    private func files(_ directories: [String]? = nil, seriesLimit: Int = 1000) -> TextFiles {
        TextFiles(directories ?? [folder.path], seriesLimit: seriesLimit)
    }

    private static let error = [
        "# HELP node_textfile_scrape_error 1 if there was an error opening or reading a file, 0 otherwise",
        "# TYPE node_textfile_scrape_error gauge",
    ]

    @Test func `families of files stand on the page with type, HELP and labels`() throws {
        try folder.write(
            "# HELP a_total Counted.\n# TYPE a_total counter\na_total{x=\"1\"} 10\na_total 2\n",
            to: "one.prom")
        try folder.write("b 3\n", to: "two.prom")
        try folder.write("ignored 3\n", to: "three.txt")
        var files = files()
        let (lines, warnings) = try page(&files)
        #expect(
            lines == Self.error + [
                "node_textfile_scrape_error 0",
                "# HELP a_total Counted.", "# TYPE a_total counter", "a_total{x=\"1\"} 10",
                "a_total 2", "# HELP b Metric read from \(folder.path)/two.prom",
                "# TYPE b untyped", "b 3",
            ])
        #expect(warnings == [])
    }

    @Test func `the modification time of each valid file is exposed`() throws {
        try folder.write("a 1\n", to: "good.prom")
        try folder.write("a 1", to: "bad.prom")
        var times = [timeval(tv_sec: 1_700_000_000, tv_usec: 900_000), timeval()]
        times[1] = times[0]
        #expect(unsafe utimes(folder.path + "/good.prom", times) == 0)
        var files = files()
        var scrape = CollectionContext()
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        try files.collect(&scrape, into: &page)
        let lines = page.bytes.string.split(separator: "\n").filter {
            $0.hasPrefix("node_textfile_mtime_seconds{")
        }
        #expect(
            lines == [
                "node_textfile_mtime_seconds{file=\"\(folder.path)/good.prom\"} 1.7e+09"
            ])
    }

    @Test(
        arguments: [
            ("no line feed", "a 1"), ("no number", "a b\n"), ("a time", "a 1 1395066363000\n"),
            ("TYPE behind a sample", "a 1\n# TYPE a gauge\n"), ("half a label", "a{b=\"c 1\n"),
            ("an unknown type", "# TYPE a thing\n"), ("two HELPs", "# HELP a x\n# HELP a y\n"),
            ("zeros", "\0\0\0\n"), ("a label twice", "a{b=\"1\",b=\"2\"} 1\n"),
        ])
    func `a file with a syntax error is left out and logged once`(
        what: String, text: String
    ) throws {
        try folder.write(text, to: "bad.prom")
        try folder.write("good 1\n", to: "good.prom")
        var files = files()
        let (lines, warnings) = try page(&files)
        #expect(lines.contains("node_textfile_scrape_error 1"))
        #expect(lines.contains("good 1"))
        #expect(!lines.contains { $0.hasPrefix("a") })
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("\(folder.path)/bad.prom: ") == true)
        let (again, silence) = try page(&files)
        #expect(again == lines)
        #expect(silence == [])
    }

    @Test func `a file is read again when it changes, and its metrics go with it`() throws {
        var files = files()
        #expect(try page(&files).lines == Self.error + ["node_textfile_scrape_error 0"])
        try folder.write("a 1\n", to: "a.prom")
        #expect(try page(&files).lines.contains("a 1"))
        try folder.write("a 2\n", to: "a.prom")
        #expect(try page(&files).lines.contains("a 2"))
        folder.remove("a.prom")
        #expect(try page(&files).lines == Self.error + ["node_textfile_scrape_error 0"])
    }

    @Test func `another HELP or type of the same name is left out and told`() throws {
        try folder.write("# HELP a One.\n# TYPE a gauge\na{f=\"1\"} 1\n", to: "1.prom")
        try folder.write("# HELP a Two.\n# TYPE a gauge\na{f=\"2\"} 1\n", to: "2.prom")
        try folder.write("# HELP a One.\n# TYPE a counter\na{f=\"3\"} 1\n", to: "3.prom")
        try folder.write("# TYPE a gauge\na{f=\"4\"} 1\n", to: "4.prom")
        try folder.write("# HELP a One.\n# TYPE a gauge\na{f=\"5\"} 1\n", to: "5.prom")
        var files = files()
        let (lines, warnings) = try page(&files)
        #expect(
            lines.filter { $0.contains("a{") } == [
                "a{f=\"1\"} 1", "a{f=\"4\"} 1", "a{f=\"5\"} 1",
            ])
        #expect(lines.contains("# HELP a One."))
        #expect(lines.contains("node_textfile_scrape_error 1"))
        #expect(warnings.count == 2)
    }

    @Test func `files without HELP share one that names them all`() throws {
        try folder.write("a{f=\"1\"} 1\n", to: "1.prom")
        try folder.write("a{f=\"2\"} 1\n", to: "2.prom")
        var files = files()
        #expect(
            try page(&files).lines.contains(
                "# HELP a Metric read from \(folder.path)/1.prom, \(folder.path)/2.prom"))
    }

    @Test func `a series that two files have stands once`() throws {
        try folder.write("a{x=\"1\"} 1\na{x=\"1\"} 7\n", to: "1.prom")
        try folder.write("a{x=\"1\"} 2\n", to: "2.prom")
        var files = files()
        #expect(try page(&files).lines.filter { $0.hasPrefix("a{") } == ["a{x=\"1\"} 1"])
    }

    @Test func `directories may be patterns, and a missing one is an error`() throws {
        try folder.write("a 1\n", to: "x1/a.prom")
        try folder.write("b 1\n", to: "x2/b.prom")
        try folder.write("c 1\n", to: "y/c.prom")
        var found = files([folder.path + "/x*", folder.path + "/x1/"])
        let lines = try page(&found).lines
        #expect(lines.contains("a 1") && lines.contains("b 1") && !lines.contains("c 1"))
        #expect(lines.contains("node_textfile_scrape_error 0"))
        var missing = files([folder.path + "/nowhere*", folder.path + "/y"])
        let (there, warnings) = try page(&missing)
        #expect(there.contains("c 1") && there.contains("node_textfile_scrape_error 1"))
        #expect(warnings == ["\(folder.path)/nowhere*: No such file or directory"])
        #expect(try page(&missing).warnings == [])
    }

    @Test func `what is no plain file is an error and never waited for`() throws {
        unsafe mkdir(folder.path + "/folder.prom", 0o755)
        unsafe mkfifo(folder.path + "/pipe.prom", 0o644)
        unsafe symlink("nowhere", folder.path + "/dangling.prom")
        var files = files()
        let (lines, warnings) = try page(&files)
        #expect(lines.contains("node_textfile_scrape_error 1"))
        #expect(warnings.count == 3)
        #expect(try page(&files).warnings == [])
    }

    @Test func `series beyond the limit are left out with their family`() throws {
        try folder.write("a{x=\"1\"} 1\na{x=\"2\"} 1\n", to: "1.prom")
        try folder.write("b{x=\"1\"} 1\nb{x=\"2\"} 1\n", to: "2.prom")
        var files = files(seriesLimit: 3)
        let (lines, warnings) = try page(&files)
        #expect(lines.contains("a{x=\"2\"} 1") && !lines.contains { $0.hasPrefix("b") })
        #expect(warnings == ["\(folder.path)/2.prom: b: more than 3 series"])
    }

    @Test func `a family of the host keeps its HELP and gets the samples of the files`() throws {
        try folder.write(
            "# HELP node_load1 Not mine.\n# TYPE node_load1 gauge\nnode_load1{from=\"file\"} 7\nnode_load1 8\n",
            to: "1.prom")
        let lines = try Trees.lines(
            "rack", collectors: ["loadavg", "textfile"],
            flags: ["--collector.textfile.directory=\(folder.path)"])
        let family = lines.drop { !$0.hasPrefix("# HELP node_load1 ") }.prefix(4)
        #expect(
            Array(family) == [
                "# HELP node_load1 1m load average.", "# TYPE node_load1 gauge", "node_load1 1.25",
                "node_load1{from=\"file\"} 7",
            ])
    }

    @Test func `histograms and summaries come whole`() throws {
        try folder.write(
            "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 4\ns_count 3\n",
            to: "1.prom")
        var files = files()
        let lines = try page(&files).lines
        for line in [
            "h_bucket{le=\"0.5\"} 1", "h_bucket{le=\"+Inf\"} 3", "h_sum 4", "h_count 3",
            "s{quantile=\"0.5\"} 1", "s_sum 4", "s_count 3",
        ] { #expect(lines.contains(line)) }
    }

    @Test func `OpenMetrics shows the same samples`() throws {
        try folder.write("# TYPE a_total counter\na_total 1\nb 2\n", to: "1.prom")
        var files = files()
        let lines = try page(&files, format: .openMetrics).lines
        #expect(lines.contains("# TYPE a counter") && lines.contains("a_total 1"))
        #expect(lines.contains("# TYPE b unknown") && lines.contains("b 2"))
    }
}
