import Exposition
import Kernel
import Testing

struct SeriesTableTests {
    private let family = Family("x", kind: .gauge, help: "X.")

    @Test func `rows come in the order in which they were named and go when they are not`() {
        var table = SeriesTable([.init(family)])
        #expect(lines(["a", "b", "c"], table: &table) == ["a", "b", "c"])
        #expect(lines(["a", "c", "d"], table: &table) == ["a", "c", "d"])
        #expect(lines(["d", "b", "a"], table: &table) == ["d", "b", "a"])
        #expect(lines(["d", "b", "a"], table: &table) == ["d", "b", "a"])
        #expect(lines([], table: &table) == [])
        #expect(table.rowCount == 0)
    }

    @Test func `a row that occurs twice is refused`() {
        var table = SeriesTable([.init(family)])
        #expect(lines(["a", "a", "b"], table: &table) == ["a", "b"])
        #expect(lines(["a", "b", "a"], table: &table) == ["a", "b"])
    }

    @Test func `rows beyond the limit are refused and counted`() {
        var table = SeriesTable([.init(family)], rowLimit: 2)
        #expect(lines(["a", "b", "c"], table: &table) == ["a", "b"])
        #expect(table.refusedRows == 1)
    }

    @Test func `a cell without a value is not written, NaN is`() {
        let other = Family("y", kind: .gauge, help: "Y.")
        var table = SeriesTable([.init(family), .init(other)])
        table.begin()
        let key = Array("a".utf8)
        if let row = table.row(key.span, labels: { [("device", "a")] }) { table[row, 0] = .nan }
        table.end()
        var page = Page(format: .text, body: Buffer(capacity: 16))
        table.write(to: &page)
        #expect(page.bytes.string.hasSuffix("x{device=\"a\"} NaN\n"))
        #expect(!page.bytes.string.contains("y"))
    }

    /// The devices on the page after one collection.
    private func lines(_ names: [String], table: inout SeriesTable) -> [String] {
        table.begin()
        for name in names {
            let key = Array(name.utf8)
            if let row = table.row(key.span, labels: { [("device", name)] }) { table[row, 0] = 1 }
        }
        table.end()
        var page = Page(format: .text, body: Buffer(capacity: 16))
        table.write(to: &page)
        return page.bytes.string.split(separator: "\n").filter { $0.hasPrefix("x{") }.compactMap {
            $0.split(separator: "\"").dropFirst().first.map(String.init)
        }
    }
}
