import Kernel
import Testing

@testable import Exposition

struct MergedFamilyTests {
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
        write(&page)
        page.merge([FamilySource(index, hasUniqueSeries: true)])
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

    @Test func `samples join the family that the page has, under its HELP`() throws {
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

    @Test func `a merged sample with another type or of the same series is dropped and counted`()
        throws
    {
        let index = try index(["# TYPE x counter\nx 1\n# TYPE y gauge\ny 2\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.single(UnlabelledMetric("x", kind: .gauge, help: "X."), value: 5)
        page.single(
            UnlabelledMetric(
                Family("y", kind: .gauge, help: "Y."), labels: LabelSet([("job", "j0")])), value: 6)
        page.merge([FamilySource(index, hasUniqueSeries: true)])
        page.finish()
        #expect(page.typeConflicts == 1)
        #expect(page.duplicates == 1)
        #expect(page.samples == 2)
        #expect(!page.bytes.string.contains("x{job"))
    }

    @Test func `OpenMetrics drops a name that it reserves for another family`() throws {
        let index = try index([
            "# TYPE x_total counter\nx_total 1\n# TYPE x gauge\nx 2\n# TYPE x_created gauge\nx_created 3\n"
        ])
        var page = Page(format: .openMetrics, body: Buffer(capacity: 16))
        page.merge([FamilySource(index, hasUniqueSeries: true)])
        page.finish()
        #expect(page.bytes.string == "# TYPE x counter\nx_total{job=\"j0\"} 1\n# EOF\n")
        #expect(page.nameClashes == 2)
        #expect(text(index).contains("x{job=\"j0\"} 2\n"))
    }

    @Test func `an owner's samples with another type than the family are dropped and counted`()
        throws
    {
        let index = try index(["# TYPE x gauge\nx 1\n", "# TYPE x counter\nx 2\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.single(UnlabelledMetric("x", kind: .counter, help: "X."), value: 5)
        page.merge([FamilySource(index, hasUniqueSeries: true)])
        page.finish()
        #expect(page.typeConflicts == 1)
        #expect(page.bytes.string == "# HELP x X.\n# TYPE x counter\nx 5\nx{job=\"j1\"} 2\n")
    }

    @Test(arguments: [
        ("histogram x", "gauge x_count"), ("histogram x", "gauge x_bucket"),
        ("histogram x", "gauge x_created"), ("summary x", "gauge x_sum"),
        ("counter x_total", "gauge x"), ("counter x_total", "gauge x_created"),
        ("gauge x", "counter x_total"), ("gauge x_created", "counter x_total"),
        ("gauge x_sum", "summary x"), ("untyped x_bucket", "histogram x"),
    ])
    func `a name that OpenMetrics has for two families belongs to the page's`(
        own: String, pushed: String
    ) throws {
        let (_, name) = words(own)
        let lines =
            switch words(pushed) {
            case ("histogram", _): "x_bucket{le=\"+Inf\"} 1\nx_sum 1\nx_count 1\n"
            case ("summary", _): "x_sum 1\nx_count 1\n"
            case (_, let name): "\(name) 1\n"
            }
        let (pushedKind, pushedName) = words(pushed)
        let index = try index(["# TYPE \(pushedName) \(pushedKind)\n\(lines)"])
        for format in Format.allCases {
            var page = Page(format: format, body: Buffer(capacity: 16))
            page.begin(Family(name, kind: kind(of: own), help: nil))
            page.merge([FamilySource(index, hasUniqueSeries: true)])
            page.finish()
            let count = UInt64(lines.split(separator: "\n").count)
            #expect(page.nameClashes == (format == .openMetrics ? count : 0))
            #expect(page.bytes.string.contains("j0") == (format != .openMetrics))
        }
    }

    @Test(arguments: ["gauge x_bucket", "gauge x_total_count", "counter x_bucket_total"])
    func `a name that no other family has is shown in OpenMetrics`(pushed: String) throws {
        let (kind, name) = words(pushed)
        let index = try index(["# TYPE \(name) \(kind)\n\(name) 1\n"])
        let page = text(index, format: .openMetrics) { page in
            page.begin(Family("x", kind: .summary, help: nil))
            page.begin(Family("y_total", kind: .counter, help: nil))
        }
        #expect(page.contains("\(name){job=\"j0\"} 1\n"))
    }

    private func kind(of text: String) -> Family.Kind {
        Family.Kind(named: words(text).kind.utf8Span.span) ?? .untyped
    }

    private func words(_ text: String) -> (kind: String, name: String) {
        let words = text.split(separator: " ").map(String.init)
        return (words[0], words[1])
    }

    @Test func `families of several sources stand together and their series are compared`() throws {
        let files = try index(["x 1\n# TYPE y gauge\ny 1\n"])
        let groups = try index(["x 2\nx{a=\"1\"} 3\n# TYPE y counter\ny{a=\"1\"} 1\n", "z 4\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.merge([
            FamilySource(files, hasUniqueSeries: false),
            FamilySource(groups, hasUniqueSeries: true),
        ])
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

    @Test func `an index that may have a series twice is compared with itself`() throws {
        var files = FamilyIndex()
        for owner in 0..<2 {
            var renderer = FamilyRenderer()
            for part in try renderer.render(TextParser.parse("x 1\n".utf8Span.span)) {
                files.put(part, of: owner)
            }
        }
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.merge([FamilySource(files, hasUniqueSeries: false)])
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

    @Test func `the HELP that was put last is shown, and is removed with its only owner`() throws {
        var index = try index(["# HELP x Old.\nx 1\n", "x 2\n"])
        #expect(index["x"]?.family.help == "Old.")
        index.remove("x", of: 1)
        var renderer = FamilyRenderer()
        for part in try renderer.render(TextParser.parse("x 9\n".utf8Span.span)) {
            index.put(part, of: 0)
        }
        #expect(index["x"]?.family.help == nil)
    }

    @Test func `the next page has no merged families`() throws {
        let index = try index(["x 1\n"])
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.merge([FamilySource(index, hasUniqueSeries: true)])
        page.finish()
        page.restart(format: .text)
        page.finish()
        let isEmpty = page.bytes.isEmpty
        #expect(isEmpty)
    }

    @Test func `samples are inserted into every family in the middle of a page`() throws {
        let index = try index(["a 1\nb 2\nc 3\n"])
        let page = text(index) { page in
            for name in ["c", "other", "a"] {
                page.single(UnlabelledMetric(name, kind: .untyped, help: "H."), value: 0)
            }
        }
        #expect(
            page.split(separator: "\n").filter { !$0.hasPrefix("# HELP") } == [
                "# TYPE c untyped", "c 0", "c{job=\"j0\"} 3", "# TYPE other untyped", "other 0",
                "# TYPE a untyped", "a 0", "a{job=\"j0\"} 1", "# TYPE b untyped", "b{job=\"j0\"} 2",
            ])
    }

    @Test func `protobuf has the same families and samples as text`() throws {
        let index = try index([
            "# TYPE x gauge\nx{a=\"q\\\"\\\\\\n\"} 1\n# TYPE new_total counter\nnew_total 5\n"
                + "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n"
                + "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} 2\ns_sum 4\ns_count 3\n",
            "# TYPE h histogram\nh_bucket{le=\"0.5\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
        ])
        func pageBytes(_ format: Format) -> [UInt8] {
            var page = Page(format: format, body: Buffer(capacity: 16))
            page.single(UnlabelledMetric("x", kind: .gauge, help: "X."), value: 5)
            page.single(UnlabelledMetric("y", kind: .gauge, help: "Y."), value: 6)
            page.merge([FamilySource(index, hasUniqueSeries: true)])
            page.finish()
            return page.bytes.copied
        }
        let messages = try ProtobufParser.parse(pageBytes(.protobuf).span)
        let lines = try TextParser.parse(pageBytes(.text).span)
        #expect(messages.families.map(\.name) == lines.families.map(\.name))
        #expect(messages.families.map(\.name) == ["x", "y", "h", "new_total", "s"])
        #expect(messages.families.map(\.kind) == lines.families.map(\.kind))
        #expect(messages.families.map(\.help) == lines.families.map(\.help))
        func described(_ batch: ParsedExposition) -> Set<String> {
            Set(
                batch.samples.map { sample in
                    let labels = batch.labels(of: sample).map { "\($0.name)=\($0.value)" }
                    return "\(batch.families[sample.family].name) \(labels) \(sample.role) "
                        + "\(sample.bound) \(sample.value)"
                })
        }
        #expect(described(messages) == described(lines))
        #expect(messages.samples.count == lines.samples.count)
    }

    @Test func `an index keeps its owners in order, whatever order they come in`() throws {
        var index = FamilyIndex()
        var expected: [Int: Double] = [:]
        var random = SystemRandomNumberGenerator()
        for round in 0..<4_000 {
            let owner = Int.random(in: 0..<600, using: &random)
            if round % 3 == 0 {
                index.remove("x", of: owner)
                expected[owner] = nil
            } else {
                index.put(part(value: Double(round), owner: owner), of: owner)
                expected[owner] = Double(round)
            }
        }
        var found: [Double] = []
        index["x"]?.forEachPart { found.append($0.value(0)) }
        #expect(found == expected.sorted { $0.key < $1.key }.map(\.value))
        #expect(index["x"]?.count == expected.count)
        for owner in 0..<600 {
            #expect(index["x"]?.part(of: owner)?.value(0) == expected[owner])
            index.remove("x", of: owner)
        }
        #expect(index.isEmpty)
    }

    private func part(value: Double, owner: Int) -> RenderedFamily {
        RenderedFamily(
            Family("x", kind: .gauge, help: nil), labels: LabelSet([("o", String(owner))]),
            value: value)
    }

    @Test
    func `a change of an index that a page holds costs little more than of one that none holds`()
        throws
    {
        var index = FamilyIndex()
        let owners = 20_000
        let parts = (0..<100).map { part(value: Double($0), owner: $0) }
        for owner in 0..<owners { index.put(parts[owner % 100], of: owner) }
        for number in 0..<owners {
            index.put(
                RenderedFamily(
                    Family("name_\(number)", kind: .gauge, help: nil), labels: .none, value: 0),
                of: number)
        }
        func nanoseconds(holding: Bool) -> UInt64 {
            let start = Clock.monotonicNanoseconds
            for change in 0..<500 {
                let held = holding ? index : FamilyIndex()
                index.put(parts[change % 100], of: change * 37)
                withExtendedLifetime(held) {}
            }
            return Clock.monotonicNanoseconds &- start
        }
        let alone = (0..<3).map { _ in nanoseconds(holding: false) }.min() ?? 0
        let held = (0..<3).map { _ in nanoseconds(holding: true) }.min() ?? 0
        // Copying all names or all owners would cost some thousand times more.
        #expect(held < alone * 200)
    }
}
