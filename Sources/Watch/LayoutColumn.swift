internal import Kernel
internal import Profiles
internal import Statistics

/// The words of one column of a profile. A numerical column has its bins, the sums of z of its coarse bins,
/// and `Number`; a categorical one its bins and `Category`; a column whose reference has no values `Other`.
final class LayoutColumn: Sendable {
    /// Words behind the bins and sums of a numerical column.
    enum Number: Int, CaseIterable {
        case positiveSum, negativeSum, squareSum
        case clipped, below, above, missing, positiveInfinite, negativeInfinite, typeErrors
        case minimum, maximum

        var kind: Layout.Kind {
            switch self {
            case .positiveSum, .negativeSum, .squareSum: .sum
            case .minimum: .minimum
            case .maximum: .maximum
            default: .count
            }
        }
    }

    /// Words behind the bins of a categorical column.
    enum Category: Int, CaseIterable {
        case missing, unseen, typeErrors
    }

    /// Words of a column without statistics.
    enum Other: Int, CaseIterable {
        case values, missing, typeErrors
    }

    let column: ProfileColumn
    /// Place in the profile.
    let index: Int
    let numeric: NumericReference?
    let categorical: CategoricalReference?
    let firstWord: Int
    let binCount: Int
    /// Coarse bins of a numerical column.
    let coarseCount: Int
    /// The first register of a categorical column.
    let firstRegister: Int
    /// Share of the reference in the outermost fine bins, if they are rare enough to make a row remarkable.
    let tailShare: Double?

    private static let largestTailShare = 0.02

    init(_ column: ProfileColumn, index: Int, firstWord: Int, firstRegister: Int) {
        self.column = column
        self.index = index
        self.firstWord = firstWord
        self.firstRegister = firstRegister
        var tailShare: Double?
        switch column.content {
        case .numerical(let summary?, _, _):
            let reference = NumericReference(summary)
            numeric = reference
            categorical = nil
            binCount = reference.bins.counts.count
            coarseCount = summary.coarse.counts.count
            if summary.fine != nil, let first = reference.bins.counts.first,
                let last = reference.bins.counts.last
            {
                let total = reference.bins.counts.reduce(0, +)
                let share = Double(first + last) / Double(max(total, 1))
                // A reference of N rows does not show what is rarer than one in N.
                if share <= LayoutColumn.largestTailShare {
                    tailShare = max(share, 1 / Double(total + 1))
                }
            }
        case .categorical(let summary):
            let reference = CategoricalReference(summary)
            numeric = nil
            categorical = reference
            binCount = reference.binCount
            coarseCount = 0
        case .numerical(nil, _, _), .none:
            numeric = nil
            categorical = nil
            binCount = 0
            coarseCount = 0
        }
        self.tailShare = tailShare
    }

    var name: String { column.name }

    /// Whether its values are numbers, also where the reference has none.
    var isNumerical: Bool {
        if case .numerical = column.content { true } else { false }
    }

    /// Bins of PSI.
    var scoredBinCount: Int { numeric == nil ? binCount : coarseCount }

    var kinds: [Layout.Kind] {
        if numeric != nil {
            return [Layout.Kind](repeating: .count, count: binCount)
                + [Layout.Kind](repeating: .sum, count: coarseCount)
                + Number.allCases.map(\.kind)
        }
        let rest = categorical != nil ? Category.allCases.count : Other.allCases.count
        return [Layout.Kind](repeating: .count, count: binCount + rest)
    }

    /// All its words.
    var words: Range<Int> {
        let rest =
            numeric != nil
            ? Number.allCases.count
            : categorical != nil ? Category.allCases.count : Other.allCases.count
        return firstWord..<firstWord + binCount + coarseCount + rest
    }

    /// The words that are not bins.
    var restWords: Range<Int> { firstWord + binCount..<words.upperBound }

    @inline(__always)
    func word(_ number: Number) -> Int { firstWord + binCount + coarseCount + number.rawValue }

    @inline(__always)
    func word(_ category: Category) -> Int { firstWord + binCount + category.rawValue }

    @inline(__always)
    func word(_ other: Other) -> Int { firstWord + binCount + other.rawValue }

    /// The word that counts missing values.
    var missingWord: Int {
        numeric != nil
            ? word(.missing as Number)
            : categorical != nil
                ? word(.missing as Category) : word(.missing as Other)
    }

    /// The word that counts values of another type.
    var typeErrorWord: Int {
        numeric != nil
            ? word(.typeErrors as Number)
            : categorical != nil
                ? word(.typeErrors as Category) : word(.typeErrors as Other)
    }
}
