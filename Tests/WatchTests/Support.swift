import Exposition
import Kernel
import Observation
import Profiles
import Series
import Statistics

@testable import Watch

/// A sequence of numbers that is the same in every run.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// About normal: the sum of twelve uniform numbers.
    mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += Double.random(in: 0..<1, using: &self) }
        return sum
    }
}

/// A profile of numerical features that are normal, and of a categorical one.
func profile(
    model: String = "fraud", version: String = "3", features: Int = 2, rows: Int = 2000,
    seed: UInt64 = 1, roles: [ProfileColumn.Role] = []
) -> Profile {
    var random = Generator(seed: seed)
    var columns: [ProfileColumn] = []
    func numeric(_ name: String, _ role: ProfileColumn.Role) {
        let values = (0..<rows).map { _ in random.normal() }
        columns.append(
            ProfileColumn(
                name: name, role: role, rows: rows, missing: 0,
                content: .numerical(
                    NumericSummary(values), positiveInfinite: 0, negativeInfinite: 0)))
    }
    for number in 0..<features { numeric("x\(number)", .feature) }
    let summary = CategoricalSummary(
        distinctCount: 3,
        categories: [
            .init(value: "DE", count: rows / 2), .init(value: "FR", count: rows / 2 - 2),
        ], otherCount: 0, onceCount: 2,
        hashes: [CategoricalReference.hash(Array("IT".utf8).span)])
    columns.append(
        ProfileColumn(
            name: "country", role: .feature, rows: rows, missing: 0,
            content: .categorical(summary)))
    for role in roles { numeric(role.rawValue, role) }
    return Profile(model: model, modelVersion: version, rows: rows, columns: columns)
}

/// Rows of one version of a model, made by hand.
struct Rows: ~Copyable {
    var batch = Batch()

    /// What a feature of a row is.
    enum Given {
        case number(Double), text(String), word(String), missing
    }

    mutating func add(
        _ features: [(String, Given)], model: String = "fraud", version: String = "3",
        variant: String = "", weight: UInt64 = 1, prediction: Double? = nil, score: Double? = nil
    ) {
        let scope = batch.scope(
            model: name(model), version: name(version), variant: name(variant))
        batch.openRun(scope, at: batch.mark)
        let row = batch.nextRow
        for (feature, given) in features {
            let symbol = name(feature)
            switch given {
            case .number(let number): batch.append(feature: symbol, row: row, value: Value(number))
            case .text(let text):
                let text = batch.store(Array(text.utf8).span)
                batch.append(feature: symbol, row: row, value: Value(text))
            case .word(let text):
                let text = batch.store(Array(text.utf8).span)
                batch.append(feature: symbol, row: row, value: Value(text, isNotFinite: true))
            case .missing: batch.append(feature: symbol, row: row, value: .missing)
            }
        }
        if let prediction { batch.append(prediction: Value(prediction), row: row) }
        if let score { batch.observe(.score, row: row, value: score) }
        batch.appendRow(item: row, outcome: .ok, reason: .none, weight: weight, size: 1)
    }

    /// Numbers of a feature in rows that were added without features.
    mutating func add(column feature: String, _ numbers: [Double], firstRow: Int) {
        let first = batch.numbers.count
        for number in numbers { batch.append(number: number) }
        batch.append(
            NumberColumn(
                feature: name(feature), rows: firstRow..<firstRow + numbers.count, first: first))
    }

    private mutating func name(_ text: String) -> Symbol {
        text.isEmpty ? .none : batch.intern(text.utf8Span.span)
    }
}

extension WatchStore {
    convenience init(limits: WatchLimits = WatchLimits(), series: SeriesLimits = SeriesLimits()) {
        self.init(limits, budget: SeriesBudget(series))
    }

    func give(_ profile: Profile, from origin: Origin = .request) -> Change {
        set(Layout(profile), model: profile.model, version: profile.modelVersion, from: origin)
    }

    /// Counts rows as the writer does.
    func count(_ rows: borrowing Rows, at seconds: Double) {
        var deltas = reduce(rows.batch)
        decide(&deltas, batch: rows.batch, at: seconds)
        apply(deltas, batch: rows.batch, at: seconds)
    }

    /// The sections of a snapshot.
    var sections: [[UInt8]] {
        let image = image
        return (0..<image.count).map { image.bytes(of: $0) }
    }

    func restore(bytes: [UInt8]) -> Bool { restore(bytes.span) }

    func evaluate(atSeconds seconds: Double) {
        evaluate(at: Timestamp(unixSeconds: seconds, monotonicNanoseconds: 0))
    }

    /// The samples of a page.
    func page(_ parts: WatchParts = [.watch, .reference]) -> [String] {
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        write(parts, to: &page)
        page.finish()
        return page.bytes.string.split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("#")
        }
    }

    /// The value of the series whose name and labels contain all of these.
    func value(_ parts: String...) -> Double? {
        let found = page().filter { line in parts.allSatisfy { line.contains($0) } }
        return found.count == 1 ? found[0].split(separator: " ").last.flatMap { Double($0) } : nil
    }
}
