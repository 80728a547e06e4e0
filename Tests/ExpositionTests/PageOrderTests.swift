import Kernel
import Testing

@testable import Exposition

/// A page is sorted by the names of its families.
struct PageOrderTests {
    private let families = ["node_b", "node_a_total", "ml_z", "node_a"].map {
        UnlabelledMetric(
            $0, kind: $0.hasSuffix("_total") ? .counter : .gauge, help: "Help of \($0).")
    }

    private func write(_ order: [Int], to page: inout Page) -> String {
        page.restart(format: page.format)
        for place in order { page.single(families[place], value: Double(place)) }
        page.sortFamilies()
        page.finish()
        return page.bytes.string
    }

    @Test(arguments: [Format.text, .openMetrics, .protobuf])
    func `families are in the order of their names, however they were written`(format: Format) {
        var page = Page(format: format, body: Buffer(capacity: 64))
        let sorted = write([2, 3, 1, 0], to: &page)
        #expect(page.sections.map(\.name) == ["ml_z", "node_a", "node_a_total", "node_b"])
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [0, 1, 2, 3], [2, 3, 1, 0]] {
            #expect(write(order, to: &page) == sorted)
        }
        // The order that was kept is that of other families.
        #expect(write([1, 2], to: &page) != sorted)
        #expect(page.sections.map(\.name) == ["ml_z", "node_a_total"])
        #expect(write([], to: &page) == (format == .openMetrics ? "# EOF\n" : ""))
    }
}
