import Kernel
import Observation
import Statistics
import Testing
import Wire

@testable import Profiles
@testable import Watch

/// What the daemon computes from deltas, records and windows is what `profile check` computes from the file,
/// for every data set of the definition (Fixtures/statistics).
struct OracleTests {
    private static let base: String = {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/\(parts.joined(separator: "/"))/Fixtures/statistics"
    }()

    /// Rows of a file as a service pushes them: numbers as numbers, what is missing as null.
    private struct Pushed: RowSink {
        private var names: [String] = []
        private var row: [(String, Rows.Given)] = []

        mutating func addColumn(_ name: String) -> Int {
            names.append(name)
            return names.count - 1
        }

        mutating func addField(_ text: Span<UInt8>, column: Int) {
            let given: Rows.Given
            switch text.string {
            case "inf": given = .word("Infinity")
            case "-inf": given = .word("-Infinity")
            default: given = .text(text.string)
            }
            row.append((names[column], given))
        }

        mutating func addString(_ text: String, column: Int) {
            row.append((names[column], .text(text)))
        }
        mutating func addNumber(_ number: Double, column: Int) {
            row.append((names[column], .number(number)))
        }
        mutating func addBoolean(_ value: Bool, column: Int) {}
        mutating func addNested(column: Int) {}

        /// All fields, as one row each: only how often values occur matters.
        func take() -> [(String, Rows.Given)] { row }
    }

    private func check(
        reference: String, current: String, roles: (inout BuildOptions) -> Void = { _ in }
    ) throws -> (expected: CheckReport, found: CheckReport, layout: Layout) {
        var options = BuildOptions(model: "fraud", modelVersion: "3")
        roles(&options)
        let profile = try ProfileBuilder.build(
            InputFile(reference, temporaryFolder: "/tmp"), format: .csv, options: options
        ).profile
        let expected = try ProfileCheck.check(
            InputFile(current, temporaryFolder: "/tmp"), format: .csv, against: profile)
        let layout = Layout(profile)
        let watch = WatchStore()
        _ = watch.give(profile)
        try push(current, layout: layout, rowCount: expected.rows, to: watch)
        watch.evaluate(atSeconds: 1_800_000_300)
        let variant = try #require(watch.shownVariants.first)
        let evaluation = try #require(variant.evaluation)
        return (expected, evaluation.report, layout)
    }

    /// Pushes the file in batches of 37 rows through a record.
    private func push(
        _ path: String, layout: Layout, rowCount: Int, to watch: WatchStore
    ) throws {
        var fields = Pushed()
        _ = try RowReader.read(
            InputFile(path, temporaryFolder: "/tmp"), format: .csv, into: &fields)
        // Fields come in the order of rows; a missing one is skipped, so that columns are filled apart.
        var columns: [String: [Rows.Given]] = [:]
        for (name, given) in fields.take() {
            let isNumerical = layout.columns.contains { $0.name == name && $0.isNumerical }
            var value = given
            if isNumerical, case .text(let text) = given, let number = Double(text) {
                value = .number(number)
            }
            columns[name, default: []].append(value)
        }
        for start in stride(from: 0, to: rowCount, by: 37) {
            var rows = Rows()
            for row in start..<min(start + 37, rowCount) {
                var features: [(String, Rows.Given)] = []
                for column in layout.columns {
                    let values = columns[column.name] ?? []
                    features.append((column.name, row < values.count ? values[row] : .missing))
                }
                rows.add(features)
            }
            var deltas = watch.reduce(rows.batch)
            watch.decide(&deltas, batch: rows.batch, at: 1_800_000_000)
            var writer = ByteWriter()
            deltas.write(to: &writer)
            let bytes = writer.bytes
            var reader = ByteReader(bytes.span)
            var read = try #require(watch.replay(&reader, batch: rows.batch))
            // Names of unseen categories are in memory only.
            for place in read.scopes.indices {
                read.scopes[place].unseen = deltas.scopes[place].unseen
            }
            watch.apply(read, batch: rows.batch, at: 1_800_000_000)
        }
    }

    private func compare(_ place: String, _ expected: JSONNode, _ found: JSONNode) -> [String] {
        switch (expected.value, found.value) {
        case (.number(let one), .number(let other)):
            let limit =
                place.hasSuffix("deviation_ratio") ? 1e-6 : 1e-9 * max(abs(one), abs(other)) + 1e-12
            return one == other || abs(one - other) <= limit
                ? [] : ["\(place): \(other), not \(one)"]
        case (.object(let one), .object(let other)):
            if one.map(\.name) != other.map(\.name) { return ["\(place): \(other.map(\.name))"] }
            return zip(one, other).flatMap { compare("\(place)/\($0.name)", $0.value, $1.value) }
        case (.array(let one), .array(let other)):
            if one.count != other.count { return ["\(place): \(other.count) elements"] }
            return zip(one, other).flatMap { compare(place, $0, $1) }
        default: return expected.value == found.value ? [] : ["\(place): \(found.value)"]
        }
    }

    private func differences(_ reference: String, _ current: String) throws -> [String] {
        let base = OracleTests.base
        let (expected, found, layout) = try check(
            reference: "\(base)/\(reference).csv", current: "\(base)/\(current).csv")
        var all: [String] = []
        let watched = expected.columns.filter { $0.role == .feature }
        if watched.map(\.name) != layout.columns.map(\.name) { all.append("other columns") }
        for (one, other) in zip(watched, found.columns) {
            all += compare("\(current)/\(one.name)", one.node, other.node)
        }
        return all
    }

    @Test func `every edge case has the numbers of profile check`() throws {
        var cases = 0
        for name in [
            "1001_ref", "cat_all_missing_current", "cat_binary", "cat_label_escaping", "cat_rare",
            "cat_single", "cat_unseen", "cat_vanished", "constant_same", "disjoint_support",
            "exactly_1000_ref", "huge_values_overflow", "infinities", "missing_appears",
            "rounded_to_integer", "shift_down_one_sigma", "shift_one_sigma_with_outlier",
            "three_valued", "ties_zero_inflated", "tiny_500_vs_1", "tiny_5_vs_3", "two_valued_0_1",
        ] {
            let found = try differences("edge/\(name)_reference", "edge/\(name)_current")
            #expect(found.isEmpty, "\(found.prefix(5))")
            cases += 1
        }
        #expect(cases == 22)
    }

    @Test(arguments: [
        ("breast_cancer", "missing"), ("breast_cancer", "nodrift"), ("breast_cancer", "shift"),
        ("fair", "nodrift"), ("fair", "older"), ("fair", "shift"), ("fair", "unseen"),
    ])
    func `every data set has the numbers of profile check`(set: String, scenario: String) throws {
        let found = try differences("\(set)/reference", "\(set)/current_\(scenario)")
        #expect(found.isEmpty, "\(found.prefix(5))")
    }
}
