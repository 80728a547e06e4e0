import Kernel
import Testing

@testable import Host

/// docs/collectors.md lists what there is and what there is not.
struct CollectorPageTests {
    /// The rows of a table by the name in their first column.
    private func rows() throws -> [String: [String]] {
        var file = KernelFile(path: Trees.path("../../docs/collectors.md"))
        var text = Buffer(capacity: 1 << 16)
        try file.read(into: &text)
        var rows: [String: [String]] = [:]
        for line in text.bytes.string.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
            rows[cells[0].filter { $0 != "`" && $0 != " " }] = cells.map(String.init)
        }
        return rows
    }

    @Test func `every collector has a row that says whether it runs`() throws {
        let rows = try rows()
        for entry in Catalog.entries {
            let cells = try #require(rows[entry.name], "\(entry.name)")
            #expect(cells.count >= 4, "\(entry.name)")
            #expect(cells[1].hasPrefix(entry.runsByDefault ? "yes" : "no"), "\(entry.name)")
        }
    }

    @Test func `every collector that is not built has a row, and no other`() throws {
        let rows = try rows()
        let built = Set(HostSettings.collectors)
        #expect(
            rows.keys.filter { !built.contains($0) }.sorted() == UnsupportedCollectors.collectors)
    }
}
