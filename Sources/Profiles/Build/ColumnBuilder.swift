internal import Kernel
internal import Statistics

/// Gathers the values of one column.
///
/// A column is a number column until its first text. What came before was then not kept as it was written,
/// so such a column waits for a second pass over the file.
final class ColumnBuilder {
    /// What is done with the values.
    enum State {
        case undecided, numbers, categories
        /// Numbers, then a text: all of it is text, to be gathered in a second pass.
        case postponed
        case skipped
    }

    let name: String
    let role: ProfileColumn.Role
    let forced: ColumnType?
    private(set) var state: State
    /// The first text of a column that began with numbers.
    private(set) var firstText: String?
    let numbers: NumberStore
    let categories: CategoryStore
    private(set) var positiveInfinite = 0
    private(set) var negativeInfinite = 0
    /// Rows with a value, for columns that are skipped.
    private var valueCount = 0

    init(
        _ name: String, role: ProfileColumn.Role, forced: ColumnType?, budget: MemoryBudget
    ) {
        self.name = name
        self.role = role
        self.forced = forced
        numbers = NumberStore(budget)
        categories = CategoryStore(budget)
        switch forced {
        case _ where !role.isCounted: state = .skipped
        case .numerical: state = .numbers
        case .categorical: state = .categories
        case nil: state = .undecided
        }
    }

    /// Bytes in memory that spilling would free.
    var bytes: Int { numbers.bytes + categories.bytes }

    func spill(to file: SpillFile) throws(InputError) {
        if numbers.bytes > 0 { try numbers.spill(to: file) }
        if categories.bytes > 0 { try categories.spill(to: file) }
    }

    /// Begins the second pass of a postponed column.
    func restart() {
        state = .categories
    }

    // MARK: Values

    /// A field of CSV.
    @inline(__always)
    func addField(_ text: Span<UInt8>) throws(ValueError) {
        switch state {
        case .numbers, .undecided:
            if let number = NumberText.field(text) {
                addNumber(number)
            } else {
                try addText(text)
            }
        case .categories: categories.add(text)
        case .skipped: valueCount += 1
        case .postponed: break
        }
    }

    /// A text that is no number.
    func addText(_ text: Span<UInt8>) throws(ValueError) {
        switch state {
        case .undecided:
            state = .categories
            categories.add(text)
        case .numbers:
            let shown = Quoted.text(text.string)
            if forced == .numerical {
                throw ValueError(
                    "column \(Quoted.text(name)): \(shown) is not a number, and the column is numerical"
                )
            }
            firstText = shown
            state = .postponed
            numbers.removeAll()
        case .categories: categories.add(text)
        case .skipped: valueCount += 1
        case .postponed: break
        }
    }

    /// A number; NaN is a missing value.
    @inline(__always)
    func addNumber(_ number: Double) {
        state = .numbers
        let value = number + 0.0
        if value.isFinite {
            numbers.append(value)
        } else if value == .infinity {
            positiveInfinite += 1
        } else if value == -.infinity {
            negativeInfinite += 1
        }
    }

    /// A JSON number, which a categorical column takes as its shortest text.
    func addJSONNumber(_ number: Double) {
        switch state {
        case .undecided, .numbers: addNumber(number)
        case .categories: categories.add(Array(NumberText.shortest(number).utf8).span)
        case .skipped: valueCount += 1
        case .postponed: break
        }
    }

    // MARK: Results

    /// The column of the profile, once all of `rows` rows have been read.
    func column(rows: Int, options: BuildOptions) throws(InputError) -> ProfileColumn {
        var column = ProfileColumn(name: name, role: role, rows: rows, missing: 0, content: .none)
        switch state {
        case .skipped: column.missing = rows - valueCount
        case .numbers, .undecided, .postponed:
            column.missing = rows - numbers.count - positiveInfinite - negativeInfinite
            column.content = .numerical(
                numbers.count == 0 ? nil : try summary(parts: options.bins),
                positiveInfinite: positiveInfinite, negativeInfinite: negativeInfinite)
        case .categories:
            column.missing = rows - categories.count
            let summary = try categories.ranking(limit: options.maximumCategories).summary()
            if role == .feature, forced == nil, summary.distinctCount > ProfileLimits.categories,
                summary.distinctCount * 2 > categories.count
            {
                column.role = .id
            } else {
                column.content = .categorical(summary)
            }
        }
        return column
    }

    private func summary(parts: Int) throws(InputError) -> NumericSummary {
        var deviation = ScaleDeviation(numbers.mean)
        try numbers.forEach { deviation.add($0) }
        var builder = NumericSummaryBuilder(
            count: numbers.count, scale: deviation.scale, parts: parts)
        try numbers.forEachAscending { value, times in builder.add(value, times: times) }
        return builder.finish()
    }

    /// Gives the memory of the values back.
    func release() {
        numbers.removeAll()
        categories.removeAll()
    }
}
