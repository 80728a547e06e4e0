package import Statistics

/// A column of a profile.
package struct ProfileColumn: Equatable, Sendable {
    /// What a column is to the model.
    package enum Role: String, Sendable {
        case feature, prediction, score, target, group, id, ignored

        /// Whether a column of this role has a type and statistics.
        package var isCounted: Bool { self != .id && self != .ignored }
    }

    /// What is known of its values.
    package enum Content: Equatable, Sendable {
        /// Nothing: an id, or ignored.
        case none
        /// Nil when no value of the reference is finite; the column is then not evaluated.
        case numerical(NumericSummary?, positiveInfinite: Int, negativeInfinite: Int)
        case categorical(CategoricalSummary)
    }

    package var name: String
    package var role: Role
    package var rows: Int
    /// Null, absent and empty values.
    package var missing: Int
    package var content: Content

    package init(name: String, role: Role, rows: Int, missing: Int, content: Content) {
        self.name = name
        self.role = role
        self.rows = rows
        self.missing = missing
        self.content = content
    }

    /// Rows in a bin.
    package var observations: Int {
        switch content {
        case .none: 0
        case .numerical(let summary, _, _): summary?.coarse.counts.reduce(0, +) ?? 0
        case .categorical(let summary): summary.valueCount
        }
    }
}
