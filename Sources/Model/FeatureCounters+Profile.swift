internal import Kernel
internal import Observation
internal import Series
internal import Watch

/// Counting the features of a version that has a profile: it says which features a row should have and of
/// which type they are.
extension FeatureCounters {
    /// Makes the series of the features of a profile, and of the errors of features that it does not name.
    /// No row is refused because of them.
    func reserve(
        _ batch: borrowing Batch, run: Int, by layout: Layout, in store: inout SeriesStore,
        series: VariantSeries, budget: SeriesBudget, symbols: inout SymbolCache, marks: RowFlags
    ) {
        if !batch.hasFeatures(run) { return }
        bind(layout)
        for number in profiled.numbers where features[Int(number)].counters == nil {
            if let refusal = makeCounters(Int(number), series: series, in: &store) {
                budget.drop(refusal)
            }
        }
        for place in batch.numberColumns(of: run) {
            let column = batch.numberColumns[place]
            let count = marks.count(without: RowFlags.refused, rows: column.rows)
            if count == 0 { continue }
            reserveExtra(
                column.feature, count: UInt64(count), batch: batch, in: &store, series: series,
                budget: budget, symbols: &symbols)
        }
        let values = batch.features
        for place in batch.features(of: run) {
            let entry = values[place]
            if marks.has(RowFlags.refused, row: Int(entry.row)) { continue }
            reserveExtra(
                entry.feature, count: 1, batch: batch, in: &store, series: series,
                budget: budget, symbols: &symbols)
        }
    }

    /// Makes the error of a feature that the profile does not name.
    @inline(__always)
    private func reserveExtra(
        _ name: Symbol, count: UInt64, batch: borrowing Batch, in store: inout SeriesStore,
        series: VariantSeries, budget: SeriesBudget, symbols: inout SymbolCache
    ) {
        let number = Int(self.number(of: name, batch: batch, budget: budget, symbols: &symbols))
        if number < 0 {
            budget.drop(.featureLimit, count: count)
        } else if profiled.column(of: number) < 0,
            let refusal = makeError(number, reason: .extraColumn, series: series, in: &store)
        {
            budget.drop(refusal)
        }
    }

    /// Counts the features of the rows of a run that are not refused. A feature that a row with features
    /// lacks is missing.
    func countFeatures(
        _ batch: borrowing Batch, run: Int, by layout: Layout, in store: inout SeriesStore,
        series: VariantSeries, budget: SeriesBudget, symbols: inout SymbolCache,
        marks: inout RowFlags
    ) {
        bind(layout)
        var present = [UInt64](repeating: 0, count: layout.featureCount)
        var rows: UInt64 = 0
        countColumns(
            batch, run: run, by: layout, in: &store, symbols: &symbols, marks: marks,
            present: &present, rows: &rows)
        let values = batch.features
        let weights = batch.weights
        for place in batch.features(of: run) {
            let entry = values[place]
            let row = Int(entry.row)
            if marks.has(RowFlags.refused, row: row) { continue }
            let weight = weights[row]
            if symbols.isFirst(row) { rows = rows.adding(weight, times: 1) }
            let number = Int(known(entry.feature, batch: batch, symbols: &symbols))
            if number < 0 { continue }
            let column = profiled.column(of: number)
            if column < 0 {
                countExtra(batch, run: run, entry: entry, number: number, in: &store)
                continue
            }
            present[column] = present[column].adding(weight, times: 1)
            guard let counters = features[number].counters else { continue }
            store.add(counters.rows, amount: weight)
            switch judge(entry.value, isNumerical: layout.isNumerical(feature: column)) {
            case .value: store.add(counters.values, amount: weight)
            case .missing: store.add(counters.missing, amount: weight)
            case .notFinite: store.add(counters.notFinite, amount: weight)
            case .otherType:
                countMismatch(
                    batch, run: run, entry: entry, number: number, in: &store, series: series,
                    budget: budget, marks: &marks)
            }
        }
        if rows == 0 { return }
        for (column, number) in profiled.numbers.enumerated() {
            guard let counters = features[Int(number)].counters else { continue }
            let absent = rows > present[column] ? rows - present[column] : 0
            store.add(counters.rows, amount: absent)
            store.add(counters.missing, amount: absent)
            show(Int(number), in: &store)
        }
    }

    /// Counts the columns of numbers of a run.
    private func countColumns(
        _ batch: borrowing Batch, run: Int, by layout: Layout, in store: inout SeriesStore,
        symbols: inout SymbolCache, marks: RowFlags, present: inout [UInt64],
        rows: inout UInt64
    ) {
        var marked = 0..<0
        for place in batch.numberColumns(of: run) {
            let column = batch.numberColumns[place]
            if column.rows != marked {
                marked = column.rows
                for row in column.rows
                where !marks.has(RowFlags.refused, row: row) && symbols.isFirst(row) {
                    rows += 1
                }
            }
            let number = Int(known(column.feature, batch: batch, symbols: &symbols))
            let count = UInt64(marks.count(without: RowFlags.refused, rows: column.rows))
            if number < 0 || count == 0 { continue }
            let feature = profiled.column(of: number)
            if feature < 0 {
                for row in column.rows where !marks.has(RowFlags.refused, row: row) {
                    countExtra(
                        batch, run: run, entry: FeatureValue(column, row: row, batch: batch),
                        number: number, in: &store)
                }
                continue
            }
            present[feature] = present[feature].adding(count, times: 1)
            guard let counters = features[number].counters else { continue }
            // A number is a value of either kind of feature.
            store.add(counters.rows, amount: count)
            store.add(counters.values, amount: count)
        }
    }

    private func judge(_ value: Value, isNumerical: Bool) -> Judgement {
        switch (value.kind, isNumerical) {
        case (.missing, _): .missing
        case (.number, _), (.notFiniteWord, false): .value
        // An empty text is missing, as in the profile.
        case (.text, false): value.text.isEmpty ? .missing : .value
        case (.notFinite, true), (.notFiniteWord, true): .notFinite
        case (.text, true), (.notFinite, false): .otherType
        }
    }

    /// A feature that the profile does not name is an input error that makes no row invalid, unless the
    /// producer has pushed the same error.
    private func countExtra(
        _ batch: borrowing Batch, run: Int, entry: FeatureValue, number: Int,
        in store: inout SeriesStore
    ) {
        if hasError(batch, run: run, entry: entry, reason: .extraColumn) { return }
        if let counter = features[number].errors[Int(InputReason.extraColumn.rawValue)] {
            store.add(counter, amount: batch.weights[Int(entry.row)])
        }
    }

    /// Finds the features of a profile in the table, once per profile.
    private func bind(_ layout: Layout) {
        if profiled.layout === layout { return }
        var bound = ProfiledFeatures(layout)
        for column in 0..<layout.featureCount {
            let name = layout.name(feature: column)
            bound.numbers.append(Int32(added(name.utf8Span.span)))
        }
        bound.columns = [Int32](repeating: -1, count: features.count)
        for (column, number) in bound.numbers.enumerated() {
            bound.columns[Int(number)] = Int32(column)
        }
        profiled = bound
    }
}

/// Where the features of a profile are in a `FeatureCounters`.
struct ProfiledFeatures {
    fileprivate(set) var layout: Layout?
    /// By column.
    fileprivate(set) var numbers: [Int32] = []
    /// By number; later numbers are those of features that the profile does not name.
    fileprivate var columns: [Int32] = []

    init() {}

    fileprivate init(_ layout: Layout) {
        self.layout = layout
    }

    /// The column of a feature; -1 for none.
    @inline(__always)
    func column(of number: Int) -> Int { number < columns.count ? Int(columns[number]) : -1 }
}
