import Glibc
import Statistics

/// A generator with a known start (SplitMix64), so that a run can be repeated.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// In (0, 1].
    mutating func uniform() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

    mutating func normal() -> Double {
        (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
    }

    /// An index with the given cumulative shares.
    mutating func index(_ cumulative: [Double]) -> Int {
        let draw = uniform()
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < draw { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// What the values of a feature look like.
enum Shape: String, CaseIterable {
    case normal, uniform, exponential, lognormal, pareto, bimodal, rounded, zeroInflated, poisson,
        rareBinary, binary
    case zipf, manyEqual, identifiers, threeValues, skewed

    var isNumeric: Bool {
        switch self {
        case .zipf, .manyEqual, .identifiers, .threeValues, .skewed: false
        default: true
        }
    }

    private static let zipfShares = cumulative((1...2000).map { pow(Double($0), -1.5) })
    private static let equalShares = cumulative([Double](repeating: 1, count: 500))
    private static let threeShares = cumulative([5, 3, 2])
    private static let skewedShares = cumulative([970, 20, 5, 3, 1, 1])

    private static func cumulative(_ weights: [Double]) -> [Double] {
        let total = weights.reduce(0, +)
        var sum = 0.0
        return weights.map { weight in
            sum += weight / total
            return sum
        }
    }

    func number(_ random: inout Generator) -> Double {
        switch self {
        case .uniform: random.uniform()
        case .exponential: -log(random.uniform())
        case .lognormal: exp(random.normal())
        case .pareto: pow(random.uniform(), -1 / 1.5)
        case .bimodal: random.normal() + (random.uniform() < 0.5 ? 0 : 8)
        case .rounded: (random.normal() * 3).rounded()
        case .zeroInflated: random.uniform() < 0.7 ? 0 : exp(random.normal())
        case .poisson:
            // Knuth's product of uniforms.
            Double(
                (0..<40).reduce((0, 1.0)) { state, _ in
                    let product = state.1 * random.uniform()
                    return product > exp(-3) ? (state.0 + 1, product) : (state.0, 0)
                }.0)
        case .rareBinary: random.uniform() < 0.005 ? 1 : 0
        case .binary: random.uniform() < 0.5 ? 1 : 0
        default: random.normal()
        }
    }

    func category(_ random: inout Generator) -> [UInt8] {
        let index =
            switch self {
            case .zipf: random.index(Shape.zipfShares)
            case .manyEqual: random.index(Shape.equalShares)
            case .threeValues: random.index(Shape.threeShares)
            case .skewed: random.index(Shape.skewedShares)
            default: Int(random.next() >> 20)
            }
        return Array(String(index).utf8)
    }
}

/// A reference of one shape, ready for windows.
struct ShapedReference {
    private let shape: Shape
    private var numeric: NumericReference?
    private var categorical: CategoricalReference?

    init(_ shape: Shape, rows: Int, _ random: inout Generator) {
        self.shape = shape
        if shape.isNumeric {
            var values: [Double] = []
            for _ in 0..<rows { values.append(shape.number(&random)) }
            numeric = NumericReference(NumericSummary(values))
        } else {
            var counts: [[UInt8]: Int] = [:]
            for _ in 0..<rows { counts[shape.category(&random), default: 0] += 1 }
            categorical = CategoricalReference(ShapedReference.summary(counts, rows: rows))
        }
    }

    private static func summary(_ counts: [[UInt8]: Int], rows: Int) -> CategoricalSummary {
        let sorted = counts.sorted { first, second in
            first.value > second.value
                || (first.value == second.value
                    && first.key.lexicographicallyPrecedes(second.key))
        }
        let others = sorted.dropFirst(50)
        var summary = CategoricalSummary(
            distinctCount: sorted.count,
            categories: sorted.prefix(50).map {
                .init(value: String(decoding: $0.key, as: UTF8.self), count: $0.value)
            },
            otherCount: 0, onceCount: sorted.count { $0.value == 1 },
            hashes: others.count > CategoricalSummary.hashLimit
                ? nil : others.map { CategoricalReference.hash($0.key.span) }.sorted())
        summary.otherCount = rows - summary.valueCount
        return summary
    }

    /// Scores of a window of so many rows, whose numbers are moved by `shift`.
    func scores(rows: Int, shift: Double = 0, _ random: inout Generator) -> BinScores {
        if let numeric {
            var counts = NumericCounts(numeric)
            for _ in 0..<rows { counts.add(shape.number(&random) + shift, to: numeric) }
            return numeric.scores(counts)
        }
        guard let categorical else { preconditionFailure("a shape is numeric or categorical") }
        var counts = CategoricalCounts(categorical)
        for _ in 0..<rows {
            let category = shape.category(&random)
            counts.add(category.span, to: categorical)
        }
        return categorical.scores(counts)
    }
}
