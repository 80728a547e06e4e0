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

    @Test func `large families are moved whole`() {
        let large = Family("b_large", kind: .gauge, help: "Many samples.")
        let small = UnlabelledMetric("a_small", kind: .gauge, help: "One sample.")
        let last = UnlabelledMetric("a_last", kind: .gauge, help: "One sample.")
        let series = (0..<20_000).map {
            Series(large, labels: LabelSet([("number", "\($0)")]))
        }
        var page = Page(format: .text, body: Buffer(capacity: 64))
        for _ in 0..<2 {
            page.restart(format: .text)
            page.single(small, value: 1)
            page.begin(large)
            for (number, series) in series.enumerated() {
                page.sample(series, value: Double(number))
            }
            page.single(last, value: 2)
            page.sortFamilies()
            page.finish()
            let lines = page.bytes.string.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(lines.count == 20_002)
            #expect(lines[..<3] == ["a_last 2", "a_small 1", #"b_large{number="0"} 0"#])
            let isWhole = lines[2...].enumerated().allSatisfy { number, line in
                line == "b_large{number=\"\(number)\"} \(number)"
            }
            #expect(isWhole)
        }
    }
}
