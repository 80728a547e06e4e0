internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Watch
internal import Wire

/// The counters of the features of one variant of a model version. Guarded by the version's lock.
final class FeatureCounters {
    /// The type of a feature, decided by its first value.
    enum Kind {
        case numeric, category
    }

    struct Feature {
        var kind: Kind?
        var counters: Counters?
        var isShown = false
        /// By `InputReason.rawValue`.
        var errors: InlineArray<9, Counter?> = InlineArray(repeating: nil)
    }

    struct Counters {
        let rows, values, missing, notFinite: Counter
    }

    private var table = NameTable()
    private(set) var features: [Feature] = []
    /// Those of the version's profile.
    var profiled = ProfiledFeatures()

    /// Makes the series of the features and input errors of a run. Rows that exceed a limit are
    /// refused; features beyond the limit are dropped and counted.
    func reserve(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore,
        series: VariantSeries,
        budget: SeriesBudget, symbols: inout SymbolCache, marks: inout RowFlags,
        layout: Layout? = nil, outcome: inout BatchOutcome
    ) {
        if let layout {
            reserve(
                batch, run: run, by: layout, in: &store, series: series, budget: budget,
                symbols: &symbols, marks: marks)
        }
        if layout == nil {
            reserveColumns(
                batch, run: run, in: &store, series: series, budget: budget, symbols: &symbols,
                marks: &marks, outcome: &outcome)
        }
        let values = batch.features
        for place in layout == nil ? batch.features(of: run) : 0..<0 {
            let entry = values[place]
            if marks.has(RowFlags.refused, row: Int(entry.row)) { continue }
            let number = number(of: entry.feature, batch: batch, budget: budget, symbols: &symbols)
            if number < 0 {
                budget.drop(.featureLimit)
            } else if features[Int(number)].counters == nil,
                let refusal = makeCounters(Int(number), series: series, in: &store)
            {
                marks.refuse(
                    Int(entry.row), batch: batch, reason: refusal, budget: budget, outcome: &outcome
                )
            }
        }
        let errors = batch.inputErrors
        for place in batch.inputErrors(of: run) {
            let entry = errors[place]
            if marks.has(RowFlags.refused, row: Int(entry.row)) { continue }
            let number = number(of: entry.feature, batch: batch, budget: budget, symbols: &symbols)
            if number < 0 {
                budget.drop(.featureLimit)
            } else if let refusal = makeError(
                Int(number), reason: entry.reason, series: series, in: &store)
            {
                marks.refuse(
                    Int(entry.row), batch: batch, reason: refusal, budget: budget, outcome: &outcome
                )
            }
        }
    }

    /// The number of a known feature, else `SymbolCache.refused`.
    @inline(__always)
    func known(_ name: Symbol, batch: borrowing Batch, symbols: inout SymbolCache) -> Int32 {
        let number = symbols[name]
        if number != -1 { return number }
        let found = table.number(of: batch.bytes(name)).map { Int32($0) } ?? SymbolCache.refused
        symbols[name] = found
        return found
    }

    /// The number of a feature, added if it is new; `SymbolCache.refused` beyond the limit.
    @inline(__always)
    func number(
        of name: Symbol, batch: borrowing Batch, budget: SeriesBudget, symbols: inout SymbolCache
    ) -> Int32 {
        let number = symbols[name]
        if number != -1 { return number }
        let resolved = resolve(
            batch.bytes(name), limit: symbols.checksLimit ? budget.limits.features : .max)
        if resolved == SymbolCache.refused {
            symbols.drop(name)
        } else {
            symbols[name] = resolved
        }
        return resolved
    }

    /// The number of a feature, added if it is new, whatever the limit is.
    func added(_ name: Span<UInt8>) -> Int { Int(resolve(name, limit: .max)) }

    private func resolve(_ name: Span<UInt8>, limit: Int) -> Int32 {
        if let known = table.number(of: name) { return Int32(known) }
        if table.count >= limit { return SymbolCache.refused }
        features.append(Feature())
        return Int32(table.add(name))
    }

    func makeCounters(
        _ number: Int, series: VariantSeries, in store: inout SeriesStore
    ) -> DropReason? {
        if let refusal = store.reserve(4) { return refusal }
        let labels = store.store(LabelSet(series.names + [("feature", table[number].string)]))
        let families = Families.all
        features[number].counters = Counters(
            rows: store.counter(families.featureRows, labels: labels),
            values: store.counter(families.featureValues, labels: labels),
            missing: store.counter(families.featureMissing, labels: labels),
            notFinite: store.counter(families.featureNotFinite, labels: labels))
        return nil
    }

    func makeError(
        _ number: Int, reason: InputReason, series: VariantSeries, in store: inout SeriesStore
    ) -> DropReason? {
        let place = Int(reason.rawValue)
        if features[number].errors[place] != nil { return nil }
        if let refusal = store.reserve(1) { return refusal }
        let labels = store.store(
            LabelSet(
                series.names + [
                    ("feature", table[number].string), ("reason", "\(reason.name)"),
                ]))
        features[number].errors[place] = store.counter(Families.all.inputErrors, labels: labels)
        return nil
    }

    // MARK: Records

    init() {}

    func write(to record: inout ByteWriter) {
        table.write(to: &record)
        for feature in features {
            record.write(feature.kind == nil ? 0 : feature.kind == .numeric ? 1 : 2 as UInt64)
            record.write(feature.isShown)
            record.write(optional: feature.counters) { counters, record in
                record.write(counters.rows)
                record.write(counters.values)
                record.write(counters.missing)
                record.write(counters.notFinite)
            }
            for reason in feature.errors.indices {
                record.write(optional: feature.errors[reason]) { $1.write($0) }
            }
        }
    }

    init(_ record: inout ByteReader, in store: borrowing SeriesStore) {
        table = NameTable(&record)
        for _ in 0..<table.count {
            var feature = Feature()
            let kind = record.number(below: 3)
            feature.kind = kind == 0 ? nil : kind == 1 ? .numeric : .category
            feature.isShown = record.flag()
            if record.flag() {
                feature.counters = Counters(
                    rows: store.counter(&record), values: store.counter(&record),
                    missing: store.counter(&record), notFinite: store.counter(&record))
            }
            for reason in feature.errors.indices where record.flag() {
                feature.errors[reason] = store.counter(&record)
            }
            features.append(feature)
        }
    }

    // MARK: Counting

    /// Counts the features and input errors of the rows of a run that were not refused.
    func count(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore,
        series: VariantSeries,
        budget: SeriesBudget, symbols: inout SymbolCache, marks: inout RowFlags,
        layout: Layout? = nil
    ) {
        if let layout {
            countFeatures(
                batch, run: run, by: layout, in: &store, series: series, budget: budget,
                symbols: &symbols, marks: &marks)
            countErrors(
                batch, run: run, in: &store, series: series, symbols: &symbols, marks: &marks)
            return
        }
        countColumns(
            batch, run: run, in: &store, series: series, budget: budget, symbols: &symbols,
            marks: &marks)
        let values = batch.features
        let weights = batch.weights
        for place in batch.features(of: run) {
            let entry = values[place]
            let row = Int(entry.row)
            let number = Int(known(entry.feature, batch: batch, symbols: &symbols))
            if number < 0 || marks.has(RowFlags.refused, row: row) { continue }
            guard let counters = features[number].counters else { continue }
            let weight = weights[row]
            store.add(counters.rows, amount: weight)
            switch judge(entry.value.kind, number: number) {
            case .value: store.add(counters.values, amount: weight)
            case .missing: store.add(counters.missing, amount: weight)
            case .notFinite: store.add(counters.notFinite, amount: weight)
            case .otherType:
                countMismatch(
                    batch, run: run, entry: entry, number: number, in: &store, series: series,
                    budget: budget, marks: &marks)
            }
            show(number, in: &store)
        }
        countErrors(batch, run: run, in: &store, series: series, symbols: &symbols, marks: &marks)
    }

    enum Judgement {
        case value, missing, notFinite, otherType
    }

    /// Shows the counters of a feature, also those at 0.
    func show(_ number: Int, in store: inout SeriesStore) {
        guard !features[number].isShown, let counters = features[number].counters else { return }
        features[number].isShown = true
        for counter in [counters.rows, counters.values, counters.missing, counters.notFinite] {
            store.show(counter)
        }
    }

    /// How a value is counted. The first value with a type decides the feature's type.
    func judge(_ value: Value.Kind, number: Int) -> Judgement {
        switch (value, features[number].kind) {
        case (.missing, _): return .missing
        case (.number, .numeric?), (.text, .category?), (.notFiniteWord, .category?):
            return .value
        case (.number, nil):
            features[number].kind = .numeric
            return .value
        case (.text, nil):
            features[number].kind = .category
            return .value
        case (.notFinite, .numeric?), (.notFinite, nil), (.notFiniteWord, .numeric?),
            (.notFiniteWord, nil):
            return .notFinite
        case (.number, .category?), (.text, .numeric?), (.notFinite, .category?):
            return .otherType
        }
    }

    /// A value of the wrong type is an input error of its row, unless the producer has pushed the same
    /// error.
    func countMismatch(
        _ batch: borrowing Batch, run: Int, entry: FeatureValue, number: Int,
        in store: inout SeriesStore, series: VariantSeries, budget: SeriesBudget,
        marks: inout RowFlags
    ) {
        countInvalidRows(
            batch, run: run, row: entry.row, in: &store, series: series, marks: &marks)
        if hasError(batch, run: run, entry: entry, reason: .type) { return }
        // The event is in the journal by now: if a limit is reached, only the error is lost.
        if let refusal = makeError(number, reason: .type, series: series, in: &store) {
            budget.drop(refusal)
        } else if let counter = features[number].errors[Int(InputReason.type.rawValue)] {
            store.add(counter, amount: batch.weights[Int(entry.row)])
        }
    }

    /// Whether the producer has pushed this error of a row's feature.
    func hasError(
        _ batch: borrowing Batch, run: Int, entry: FeatureValue, reason: InputReason
    ) -> Bool {
        let range = batch.inputErrors(of: run)
        if range.isEmpty { return false }
        let errors = batch.inputErrors
        var place = errors.span.firstIndex(ofRow: entry.row, in: range)
        while place < range.upperBound, errors[place].row == entry.row {
            if errors[place].feature == entry.feature, errors[place].reason == reason {
                return true
            }
            place += 1
        }
        return false
    }

    private func countErrors(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore,
        series: VariantSeries,
        symbols: inout SymbolCache, marks: inout RowFlags
    ) {
        let errors = batch.inputErrors
        let range = batch.inputErrors(of: run)
        for place in range {
            let entry = errors[place]
            let row = Int(entry.row)
            if marks.has(RowFlags.refused, row: row) { continue }
            countInvalidRows(
                batch, run: run, row: entry.row, in: &store, series: series, marks: &marks)
            let number = Int(known(entry.feature, batch: batch, symbols: &symbols))
            if number < 0 || isRepeated(errors, place: place, in: range) { continue }
            if let counter = features[number].errors[Int(entry.reason.rawValue)] {
                store.add(counter, amount: batch.weights[row].product(UInt64(entry.rows)))
            }
        }
    }

    /// Counts the invalid rows of an event, once per event: one, or as many as the largest `rows` of
    /// its input errors, for each of the requests that it represents.
    private func countInvalidRows(
        _ batch: borrowing Batch, run: Int, row: UInt32, in store: inout SeriesStore,
        series: VariantSeries, marks: inout RowFlags
    ) {
        if !marks.insert(RowFlags.invalid, row: Int(row)) { return }
        let errors = batch.inputErrors
        let range = batch.inputErrors(of: run)
        var rows: UInt32 = 1
        var place = errors.span.firstIndex(ofRow: row, in: range)
        while place < range.upperBound, errors[place].row == row {
            rows = max(rows, errors[place].rows)
            place += 1
        }
        store.add(series.invalidRows, amount: batch.weights[Int(row)].product(UInt64(rows)))
    }

    /// Whether the row has the same error before this place.
    private func isRepeated(_ errors: [InputError], place: Int, in range: Range<Int>) -> Bool {
        let entry = errors[place]
        var earlier = place - 1
        while earlier >= range.lowerBound, errors[earlier].row == entry.row {
            if errors[earlier].feature == entry.feature, errors[earlier].reason == entry.reason {
                return true
            }
            earlier -= 1
        }
        return false
    }
}

extension UInt64 {
    /// The product, or the maximum on overflow.
    fileprivate func product(_ factor: UInt64) -> UInt64 {
        (0 as UInt64).adding(self, times: factor)
    }
}

extension Span<InputError> {
    /// The index in `range` of the first error of this row or a later one.
    func firstIndex(ofRow row: UInt32, in range: Range<Int>) -> Int {
        var first = range.lowerBound
        var last = range.upperBound
        while first < last {
            let middle = (first + last) / 2
            if self[middle].row < row { first = middle + 1 } else { last = middle }
        }
        return first
    }
}
