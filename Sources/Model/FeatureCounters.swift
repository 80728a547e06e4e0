internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// What models were given: the features of one variant of a model version. The version's lock
/// guards it.
final class FeatureCounters {
    /// What kind of value a feature has; the first value decides.
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
    private var features: [Feature] = []

    /// Makes sure that the features and input errors of a run have their places. Rows for which
    /// there is no room are marked and refused; features beyond the limit are dropped and counted.
    func reserve(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore,
        traffic: VariantSeries,
        budget: SeriesBudget, symbols: inout SymbolCache, marks: inout RowFlags,
        outcome: inout BatchOutcome
    ) {
        let values = batch.features
        for place in batch.features(of: run) {
            let entry = values[place]
            if marks.has(RowFlags.refused, row: Int(entry.row)) { continue }
            let number = number(of: entry.feature, batch: batch, budget: budget, symbols: &symbols)
            if number < 0 {
                budget.drop(.featureLimit)
            } else if features[Int(number)].counters == nil,
                let refusal = makeCounters(Int(number), traffic: traffic, in: &store)
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
                Int(number), reason: entry.reason, traffic: traffic, in: &store)
            {
                marks.refuse(
                    Int(entry.row), batch: batch, reason: refusal, budget: budget, outcome: &outcome
                )
            }
        }
    }

    /// The number of a feature that has one, else `SymbolCache.refused`.
    @inline(__always)
    private func known(_ name: Symbol, batch: borrowing Batch, symbols: inout SymbolCache) -> Int32
    {
        let number = symbols[name]
        if number != -1 { return number }
        let found = table.number(of: batch.bytes(name)).map { Int32($0) } ?? SymbolCache.refused
        symbols[name] = found
        return found
    }

    /// The number of a feature, which it gets if it has none; `SymbolCache.refused` beyond the limit.
    @inline(__always)
    private func number(
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

    private func resolve(_ name: Span<UInt8>, limit: Int) -> Int32 {
        if let known = table.number(of: name) { return Int32(known) }
        if table.count >= limit { return SymbolCache.refused }
        features.append(Feature())
        return Int32(table.add(name))
    }

    private func makeCounters(
        _ number: Int, traffic: VariantSeries, in store: inout SeriesStore
    ) -> DropReason? {
        if let refusal = store.reserve(4) { return refusal }
        let labels = store.keep(LabelSet(traffic.names + [("feature", table[number].string)]))
        let families = Families.all
        features[number].counters = Counters(
            rows: store.counter(families.featureRows, labels: labels),
            values: store.counter(families.featureValues, labels: labels),
            missing: store.counter(families.featureMissing, labels: labels),
            notFinite: store.counter(families.featureNotFinite, labels: labels))
        return nil
    }

    private func makeError(
        _ number: Int, reason: InputReason, traffic: VariantSeries, in store: inout SeriesStore
    ) -> DropReason? {
        let place = Int(reason.rawValue)
        if features[number].errors[place] != nil { return nil }
        if let refusal = store.reserve(1) { return refusal }
        let labels = store.keep(
            LabelSet(
                traffic.names + [
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
        traffic: VariantSeries,
        budget: SeriesBudget, symbols: inout SymbolCache, marks: inout RowFlags
    ) {
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
                    batch, run: run, entry: entry, number: number, in: &store, traffic: traffic,
                    budget: budget, marks: &marks)
            }
            if !features[number].isShown {
                features[number].isShown = true
                for counter in [counters.values, counters.missing, counters.notFinite] {
                    store.show(counter)
                }
            }
        }
        countErrors(batch, run: run, in: &store, traffic: traffic, symbols: &symbols, marks: &marks)
    }

    private enum Judgement {
        case value, missing, notFinite, otherType
    }

    /// What a value is to its feature. The first value that tells a kind decides it.
    private func judge(_ value: Value.Kind, number: Int) -> Judgement {
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

    /// A value of the wrong kind is an input error of its row, unless the producer says so itself.
    private func countMismatch(
        _ batch: borrowing Batch, run: Int, entry: FeatureValue, number: Int,
        in store: inout SeriesStore, traffic: VariantSeries, budget: SeriesBudget,
        marks: inout RowFlags
    ) {
        let weight = batch.weights[Int(entry.row)]
        if marks.insert(RowFlags.invalid, row: Int(entry.row)) {
            store.add(traffic.invalidRows, amount: weight)
        }
        let errors = batch.inputErrors
        let range = batch.inputErrors(of: run)
        var place = errors.span.firstIndex(ofRow: entry.row, in: range)
        while place < range.upperBound, errors[place].row == entry.row {
            if errors[place].feature == entry.feature, errors[place].reason == .type { return }
            place += 1
        }
        // The event itself is counted by now: without room its error alone is lost.
        if let refusal = makeError(number, reason: .type, traffic: traffic, in: &store) {
            budget.drop(refusal)
        } else if let counter = features[number].errors[Int(InputReason.type.rawValue)] {
            store.add(counter, amount: weight)
        }
    }

    private func countErrors(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore,
        traffic: VariantSeries,
        symbols: inout SymbolCache, marks: inout RowFlags
    ) {
        let errors = batch.inputErrors
        let range = batch.inputErrors(of: run)
        for place in range {
            let entry = errors[place]
            let row = Int(entry.row)
            if marks.has(RowFlags.refused, row: row) { continue }
            let weight = batch.weights[row]
            if marks.insert(RowFlags.invalid, row: row) {
                store.add(traffic.invalidRows, amount: weight)
            }
            let number = Int(known(entry.feature, batch: batch, symbols: &symbols))
            if number < 0 || isRepeated(errors, place: place, in: range) { continue }
            if let counter = features[number].errors[Int(entry.reason.rawValue)] {
                store.add(counter, amount: weight)
            }
        }
    }

    /// Whether the row has told the same error before.
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

extension Span<InputError> {
    /// The first error in `range` that does not belong to an earlier row.
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
