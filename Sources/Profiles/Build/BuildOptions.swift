internal import Statistics

/// The options of `profile build`.
package struct BuildOptions: Sendable {
    package var model: String
    package var modelVersion: String
    package var target: String?
    package var prediction: String?
    package var score: String?
    package var positiveClass: String?
    package var groups: [String] = []
    package var ignored: [String] = []
    /// Columns that are categorical or numerical whatever their values look like.
    package var categorical: [String] = []
    package var numeric: [String] = []
    /// Coarse quantile bins: a divisor of 240 from 2 to 30.
    package var bins = 10
    /// Categories that are kept by name, at most 50.
    package var maximumCategories = ProfileLimits.categories
    /// Bytes that values may hold in memory.
    package var memoryLimit = 256 << 20
    /// The folder of temporary files.
    package var temporaryFolder = "/tmp"
    /// Bytes of the profile's text; tests lower it.
    var profileBytes = ProfileLimits.profileBytes

    package init(model: String, modelVersion: String) {
        self.model = model
        self.modelVersion = modelVersion
    }

    /// Whether so many coarse bins are unions of the fine ones.
    package static func isPossible(bins: Int) -> Bool {
        (2...30).contains(bins) && NumericSummary.fineParts % bins == 0
    }

    func role(of column: String) -> ProfileColumn.Role {
        if ignored.contains(column) { return .ignored }
        if column == target { return .target }
        if column == prediction { return .prediction }
        if column == score { return .score }
        return groups.contains(column) ? .group : .feature
    }

    /// The type that a column must have; nil when its values decide.
    func type(of column: String) -> ColumnType? {
        if categorical.contains(column) { return .categorical }
        if numeric.contains(column) { return .numerical }
        switch role(of: column) {
        case .score: return .numerical
        case .group: return .categorical
        // Classes, even where they are numbers.
        case .target, .prediction: return positiveClass == nil ? nil : .categorical
        default: return nil
        }
    }

    /// Columns that flags name, with the flag.
    var named: [(flag: String, column: String)] {
        let single = [("target", target), ("prediction", prediction), ("score", score)]
            .compactMap { flag, column in column.map { (flag: flag, column: $0) } }
        let lists = [
            ("group", groups), ("ignore", ignored), ("categorical", categorical),
            ("numeric", numeric),
        ].flatMap { flag, columns in columns.map { (flag: flag, column: $0) } }
        return single + lists
    }
}

/// How the values of a column are taken.
enum ColumnType {
    case numerical, categorical
}
