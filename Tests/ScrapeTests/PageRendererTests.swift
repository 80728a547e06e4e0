import Exposition
import HTTP
import Kernel
import Testing

@testable import Scrape

/// An owner with one family of its own and one that is merged.
private final class FakeOwner: FamilyOwner {
    private let metric: UnlabelledMetric
    private let rendered: RenderedFamily?
    var isWanted = true
    var writes = 0

    init(_ name: String, merging merged: String? = nil, value: Double = 1) {
        metric = UnlabelledMetric(name, kind: .gauge, help: "Of \(name).")
        rendered = merged.map {
            RenderedFamily(
                Family($0, kind: .gauge, help: "Merged by \(name)."),
                labels: LabelSet([("owner", name)]), value: value)
        }
    }

    func write(to page: inout Page, scrape: PageContext) -> Bool {
        writes += 1
        page.single(metric, value: 1)
        return isWanted
    }

    func renderedFamilies(for scrape: PageContext) -> FamilySource? {
        guard let rendered, scrape.request.includes("merged") else { return nil }
        var index = FamilyIndex()
        index.put(rendered, of: 0)
        return FamilySource(index, hasUniqueSeries: true)
    }
}

struct PageRendererTests {
    private let pages = BufferPool(initialCapacity: 1024, keptBytes: 1 << 20)

    private func context(
        _ format: Format = .text, isCompressed: Bool = false, collectors: Set<String>? = nil
    ) -> PageContext {
        PageContext(
            ScrapeRequest(format: format, isCompressed: isCompressed, collectors: collectors))
    }

    private func lines(_ renderer: borrowing PageRenderer) -> [String] {
        renderer.page.bytes.string.split(separator: "\n").map(String.init)
    }

    private func expectPage(_ renderer: inout PageRenderer, _ context: PageContext) {
        let isMade = renderer.render(context)
        #expect(isMade)
    }

    @Test
    func
        `owners write in order, rendered families are merged in the same order, the page is sorted`()
    {
        var renderer = PageRenderer(
            [
                FakeOwner("b", merging: "shared"), FakeOwner("a"),
                FakeOwner("shared", merging: "a"), FakeOwner("z", merging: "shared"),
                FakeOwner("y", merging: "new"),
            ], pages: pages)
        expectPage(&renderer, context())
        #expect(
            lines(renderer).filter { !$0.hasPrefix("# TYPE") } == [
                "# HELP a Of a.", "a 1", "a{owner=\"shared\"} 1", "# HELP b Of b.", "b 1",
                "# HELP new Merged by y.", "new{owner=\"y\"} 1",
                "# HELP shared Of shared.", "shared 1", "shared{owner=\"b\"} 1",
                "shared{owner=\"z\"} 1", "# HELP y Of y.", "y 1", "# HELP z Of z.", "z 1",
            ])
    }

    @Test func `an owner that gives the page up ends it`() {
        let (first, second, third) = (FakeOwner("a"), FakeOwner("b"), FakeOwner("c"))
        second.isWanted = false
        var renderer = PageRenderer([first, second, third], pages: pages)
        let isMade = renderer.response(for: context()) != nil
        #expect(!isMade)
        #expect((first.writes, second.writes, third.writes) == (1, 1, 0))
        second.isWanted = true
        expectPage(&renderer, context())
        #expect(lines(renderer).count == 9)
    }

    @Test func `names that owners write are reserved when they change, merged ones never`() {
        var reserved: [Int] = []
        var renderer = PageRenderer(
            [FakeOwner("a"), FakeOwner("b", merging: "c")], pages: pages,
            reserve: { reserved.append($0.count) })
        for _ in 0..<3 { expectPage(&renderer, context()) }
        #expect(reserved == [2])
    }

    @Test func `a part that is not selected is not merged`() {
        var renderer = PageRenderer([FakeOwner("a", merging: "c")], pages: pages)
        expectPage(&renderer, context(collectors: ["cpu"]))
        #expect(!lines(renderer).contains { $0.hasPrefix("c{") })
        expectPage(&renderer, context(collectors: ["merged"]))
        #expect(lines(renderer).contains("c{owner=\"a\"} 1"))
    }

    @Test func `every format and compression is answered 200 and returns its memory`() {
        var renderer = PageRenderer([FakeOwner("a", merging: "c")], pages: pages)
        for format in Format.allCases {
            for isCompressed in [false, true] {
                if let response = renderer.response(
                    for: context(format, isCompressed: isCompressed))
                {
                    #expect(response.status == 200)
                    #expect(pages.taken == 1)
                } else {
                    Issue.record("no page in \(format)")
                }
                #expect(pages.taken == 0)
            }
        }
    }

    @Test func `groups alone are shown without the daemon's own metrics`() {
        #expect(!context(collectors: ["groups"]).request.includesDaemon)
        #expect(context(collectors: ["groups", "cpu"]).request.includesDaemon)
        #expect(context().request.includesDaemon)
    }
}
