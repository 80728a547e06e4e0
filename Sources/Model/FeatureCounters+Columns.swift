internal import Kernel
internal import Observation
internal import Series

/// Features whose numbers a push has in a column: counted once per column, not once per value.
extension FeatureCounters {
    /// Makes the series of the columns of a run. Rows that exceed a limit are refused.
    func reserveColumns(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, series: VariantSeries,
        budget: SeriesBudget, symbols: inout SymbolCache, marks: inout RowFlags,
        outcome: inout BatchOutcome
    ) {
        for place in batch.numberColumns(of: run) {
            let column = batch.numberColumns[place]
            let count = marks.count(without: RowFlags.refused, rows: column.rows)
            if count == 0 { continue }
            let number = Int(
                self.number(of: column.feature, batch: batch, budget: budget, symbols: &symbols))
            if number < 0 {
                budget.drop(.featureLimit, count: UInt64(count))
            } else if features[number].counters == nil,
                let refusal = makeCounters(number, series: series, in: &store)
            {
                for row in column.rows {
                    marks.refuse(
                        row, batch: batch, reason: refusal, budget: budget, outcome: &outcome)
                }
            }
        }
    }

    /// Counts the columns of a run without the rows that are refused.
    func countColumns(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, series: VariantSeries,
        budget: SeriesBudget, symbols: inout SymbolCache, marks: inout RowFlags
    ) {
        for place in batch.numberColumns(of: run) {
            let column = batch.numberColumns[place]
            let number = Int(known(column.feature, batch: batch, symbols: &symbols))
            let count = marks.count(without: RowFlags.refused, rows: column.rows)
            guard number >= 0, count > 0, let counters = features[number].counters else { continue }
            store.add(counters.rows, amount: UInt64(count))
            if judge(.number, number: number) == .value {
                store.add(counters.values, amount: UInt64(count))
            } else {
                for row in column.rows where !marks.has(RowFlags.refused, row: row) {
                    countMismatch(
                        batch, run: run, entry: FeatureValue(column, row: row, batch: batch),
                        number: number, in: &store, series: series, budget: budget, marks: &marks)
                }
            }
            show(number, in: &store)
        }
    }
}

extension FeatureValue {
    /// The value of a row of a column.
    init(_ column: NumberColumn, row: Int, batch: borrowing Batch) {
        self.init(
            row: UInt32(truncatingIfNeeded: row), feature: column.feature,
            value: Value(batch.numbers[column.first + row - column.rows.lowerBound]))
    }
}

extension RowFlags {
    /// How many of these rows do not have the flag.
    func count(without mark: UInt8, rows: Range<Int>) -> Int {
        isEmpty ? rows.count : rows.count { !has(mark, row: $0) }
    }
}
