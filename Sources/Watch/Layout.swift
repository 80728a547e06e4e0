internal import Kernel
package import Profiles
internal import Series
internal import Statistics
internal import Wire

/// A profile laid out for counting: every number that is counted against it is a word, at the same place
/// in deltas, sub-windows and totals. Immutable and shared by all threads.
package final class Layout: Sendable, Equatable {
    /// How a word of several counts is combined.
    enum Kind: UInt8, Sendable {
        /// A whole number that adds up.
        case count
        /// The bits of a double that adds up.
        case sum
        /// The bits of the smallest, the largest double.
        case minimum, maximum
    }

    /// Words before those of the columns.
    enum Header {
        /// Rows with features; of a profile without features rows with a prediction or a score.
        static let rows = 0
        /// Outliers by |z|, by outermost fine bins.
        static let zScoreRows = 1
        static let tailRows = 2
        static let count = 3
    }

    package let profile: Profile
    /// The bytes that the id is made of.
    package let canonical: [UInt8]
    /// 16 hexadecimal digits.
    package let id: String
    /// The id as a number, for records.
    let number: UInt64
    let columns: [LayoutColumn]
    /// The numbers of the columns that are features; they come first.
    let features: Range<Int>
    let prediction: Int?
    let score: Int?
    let wordCount: Int
    let registerCount: Int
    /// By word.
    let kinds: [Kind]
    /// The words before anything is counted.
    let empty: [UInt64]
    /// Rows with at least so many features in outermost fine bins are outliers.
    let tailThreshold: Int
    /// Rows that a window needs for its features, for any `minimumRows`: 5 per bin of the feature with
    /// most bins, counted for at most 20 bins.
    let rowsForBins: Int
    private let names: NameTable

    /// The value of the label `profile`.
    var label: String { String(id.prefix(8)) }

    /// Chance by which a row may be an outlier by its outermost bins.
    private static let tailChance = 1e-4

    package init(_ profile: Profile) {
        self.profile = profile
        canonical = profile.canonical
        id = Profile.id(of: canonical)
        number = Hexadecimal.value(id) ?? 0
        var kinds = [Kind](repeating: .count, count: Header.count)
        var columns: [LayoutColumn] = []
        var registers = 0
        var names = NameTable()
        func add(_ index: Int) -> Int {
            let column = LayoutColumn(
                profile.columns[index], index: index, firstWord: kinds.count,
                firstRegister: registers)
            kinds += column.kinds
            if column.categorical != nil { registers += DistinctRegisters.count }
            columns.append(column)
            return columns.count - 1
        }
        for (index, column) in profile.columns.enumerated() where column.role == .feature {
            _ = add(index)
            _ = names.add(column.name.utf8Span.span)
        }
        features = 0..<columns.count
        prediction = profile.columns.firstIndex { $0.role == .prediction }.map(add)
        score = profile.columns.firstIndex { $0.role == .score }.map(add)
        self.columns = columns
        self.names = names
        self.kinds = kinds
        wordCount = kinds.count
        registerCount = registers
        empty = kinds.map { kind in
            switch kind {
            case .count, .sum: 0
            case .minimum: Double.infinity.bitPattern
            case .maximum: (-Double.infinity).bitPattern
            }
        }
        let watched = columns[features].isEmpty ? columns[...] : columns[features]
        rowsForBins = 5 * min(watched.map(\.scoredBinCount).max() ?? 0, 20)
        tailThreshold = Layout.tailThreshold(columns[features])
    }

    // MARK: Features, numbered from 0

    package var featureCount: Int { features.count }

    package func name(feature: Int) -> String { columns[feature].name }

    package func isNumerical(feature: Int) -> Bool { columns[feature].isNumerical }

    /// The number of the feature with this name.
    @inline(__always)
    func feature(_ name: Span<UInt8>) -> Int? { names.number(of: name) }

    /// Whether both are of the same profile.
    package static func == (one: Layout, other: Layout) -> Bool { one.id == other.id }

    /// The smallest number of features in outermost bins that fewer than one row of ten thousand has when
    /// features are independent.
    private static func tailThreshold(_ features: ArraySlice<LayoutColumn>) -> Int {
        let shares = features.compactMap(\.tailShare)
        if shares.isEmpty { return .max }
        let mean = shares.reduce(0, +) / Double(shares.count)
        return (1...shares.count).first { count in
            Distribution.binomialTail(count, of: shares.count, chance: mean) <= tailChance
        } ?? .max
    }
}
