import Kernel
import Testing

@testable import Exposition

struct GuestTests {
    private func index(_ texts: [String]) throws -> FamilyIndex {
        var index = FamilyIndex()
        for (owner, text) in texts.enumerated() {
            var renderer = FamilyRenderer(labels: [("job", "j\(owner)")])
            let parts = try renderer.render(TextParser.parse(text.utf8Span.span))
            for part in parts { index.put(part, of: owner) }
        }
        return index
    }

    private func text(
        _ index: FamilyIndex, format: Format = .text, write: (inout Page) -> Void = { _ in }
    ) -> String {
        var page = Page(format: format, body: Buffer(capacity: 16))
        page.invite(index)
        write(&page)
        page.finish()
        return page.bytes.string
    }

    @Test func `families of all owners stand together, by name`() throws {
        let index = try index([
            "# TYPE b gauge\nb 1\n# TYPE a counter\na 2\n", "# HELP b B.\n# TYPE b gauge\nb 3\n",
        ])
        #expect(
            text(index) == """
                # TYPE a counter
                a{job="j0"} 2
                # HELP b B.
                # TYPE b gauge
                b{job="j0"} 1
                b{job="j1"} 3

                """)
    }

    @Test func `guests join the family of an earlier owner under its help`() throws {
        let index = try index(["# HELP x Theirs.\n# TYPE x gauge\nx 1\n"])
        let single = UnlabelledMetric("x", kind: .gauge, help: "Ours.")
        let page = text(index) { page in
            page.single(single, value: 5)
            page.single(UnlabelledMetric("y", kind: .gauge, help: "Y."), value: 6)
        }
        #expect(
            page == """
                # HELP x Ours.
                # TYPE x gauge
                x 5
                x{job="j0"} 1
                # HELP y Y.
                # TYPE y gauge
                y 6

                """)
    }

    @Test func `a guest of another type or with the same series is left out and counted`() throws {
        let index = try index(["# TYPE x counter\nx 1\n# TYPE y gauge\ny 2\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.invite(index)
        page.single(UnlabelledMetric("x", kind: .gauge, help: "X."), value: 5)
        page.single(
            UnlabelledMetric(
                Family("y", kind: .gauge, help: "Y."), labels: LabelSet([("job", "j0")])), value: 6)
        page.finish()
        #expect(page.typeConflicts == 1)
        #expect(page.duplicates == 1)
        #expect(page.samples == 2)
        #expect(!page.bytes.string.contains("x{job"))
    }

    @Test func `OpenMetrics leaves out a name that belongs to another family there`() throws {
        let index = try index([
            "# TYPE x_total counter\nx_total 1\n# TYPE x gauge\nx 2\n# TYPE x_created gauge\nx_created 3\n"
        ])
        var page = Page(format: .openMetrics, body: Buffer(capacity: 16))
        page.invite(index)
        page.finish()
        #expect(page.bytes.string == "# TYPE x counter\nx_total{job=\"j0\"} 1\n# EOF\n")
        #expect(page.nameClashes == 2)
        #expect(text(index).contains("x{job=\"j0\"} 2\n"))
    }

    @Test func `guests of several hosts stand together, series of the same name compared`() throws {
        let files = try index(["x 1\n# TYPE y gauge\ny 1\n"])
        let groups = try index(["x 2\nx{a=\"1\"} 3\n# TYPE y counter\ny{a=\"1\"} 1\n", "z 4\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.invite(files, isUnique: false)
        page.invite(groups)
        page.finish()
        #expect(
            page.bytes.string == """
                # TYPE x untyped
                x{job="j0"} 1
                x{a="1",job="j0"} 3
                # TYPE y gauge
                y{job="j0"} 1
                # TYPE z untyped
                z{job="j1"} 4

                """)
        #expect(page.duplicates == 1)
        #expect(page.typeConflicts == 1)
    }

    @Test func `an index whose owner does not vouch for it is compared with itself`() throws {
        var files = FamilyIndex()
        for owner in 0..<2 {
            var renderer = FamilyRenderer()
            for part in try renderer.render(TextParser.parse("x 1\n".utf8Span.span)) {
                files.put(part, of: owner)
            }
        }
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.invite(files, isUnique: false)
        page.finish()
        #expect(page.bytes.string == "# TYPE x untyped\nx 1\n")
        #expect(page.duplicates == 1)
    }

    @Test func `an owner's samples are replaced and removed`() throws {
        var index = try index(["x 1\n", "x 2\n"])
        var renderer = FamilyRenderer()
        for part in try renderer.render(TextParser.parse("x 9\n".utf8Span.span)) {
            index.put(part, of: 0)
        }
        #expect(text(index) == "# TYPE x untyped\nx 9\nx{job=\"j1\"} 2\n")
        index.remove("x", of: 1)
        #expect(index["x"]?.count == 1)
        index.remove("x", of: 0)
        #expect(index.isEmpty)
    }

    @Test func `the last help that somebody said counts, and goes with its only owner`() throws {
        var index = try index(["# HELP x Old.\nx 1\n", "x 2\n"])
        #expect(index["x"]?.family.help == "Old.")
        index.remove("x", of: 1)
        var renderer = FamilyRenderer()
        for part in try renderer.render(TextParser.parse("x 9\n".utf8Span.span)) {
            index.put(part, of: 0)
        }
        #expect(index["x"]?.family.help == nil)
    }

    @Test func `the next page has no guests unless they are invited again`() throws {
        let index = try index(["x 1\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.invite(index)
        page.finish()
        page.restart(format: .text)
        page.finish()
        let isEmpty = page.bytes.isEmpty
        #expect(isEmpty)
    }
}
