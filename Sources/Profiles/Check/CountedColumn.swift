package import Statistics

/// The values of a column that were counted elsewhere than in a file, for a report.
package struct CountedColumn {
    package let column: ProfileColumn
    package let rows: Int
    package let numeric: NumericReference?
    package let categorical: CategoricalReference?
    package var numericCounts: NumericCounts?
    package var categoricalCounts: CategoricalCounts?
    package var typeErrors = 0
    /// Values of a column whose reference has none.
    package var otherValues = 0
    package var unseenNames: [[UInt8]: Int] = [:]

    /// The references are those of the column's content.
    package init(
        _ column: ProfileColumn, rows: Int, numeric: NumericReference?,
        categorical: CategoricalReference?
    ) {
        self.column = column
        self.rows = rows
        self.numeric = numeric
        self.categorical = categorical
    }
}
