import Kernel
import Scratch
import Testing

/// A page of one collector, made from a few files.
struct SmallTree {
    /// The samples and types, without those about the collector itself.
    let lines: [String]
    let skippedLines: Int
    let isSuccess: Bool
    let isPresent: Bool

    init(
        _ collector: String, files: [String: String], flags: [String] = []
    ) throws {
        let folder = try Folder()
        for (name, text) in files { try folder.write(text, to: name) }
        var host = try Trees.host(
            at: folder.path, collectors: [collector], flags: flags, includesCollectorMetrics: true)
        let all = Trees.page(&host).split(separator: "\n").map(String.init)
        func about(_ family: String) -> Int? {
            let start = "\(family){collector=\"\(collector)\"} "
            return all.first { $0.hasPrefix(start) }.flatMap { Int($0.dropFirst(start.count)) }
        }
        skippedLines = try #require(about("ml_exporter_collector_skipped_lines_total"))
        isSuccess = about("node_scrape_collector_success") == 1
        isPresent = about("ml_exporter_collector_present") == 1
        lines = all.filter { line in
            !line.hasPrefix("# ") && !line.hasPrefix("ml_exporter_collector_")
                && !line.hasPrefix("node_scrape_collector_")
        }
    }

    /// The value of a series; nil when it is not there.
    subscript(series: String) -> Double? {
        lines.first { $0.hasPrefix(series + " ") }.flatMap {
            Double($0.dropFirst(series.count + 1))
        }
    }
}
