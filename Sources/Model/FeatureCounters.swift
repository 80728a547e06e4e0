internal import Exposition
internal import Kernel
internal import Observation
internal import Series

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
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore,
        _ traffic: VariantSeries,
        _ budget: SeriesBudget, _ memo: inout SymbolCache, _ marks: inout RowFlags,
        _ verdict: inout BatchOutcome
    ) {
        let values = batch.features
        for place in batch.features(of: run) {
            let entry = values[place]
            if marks.has(RowFlags.refused, Int(entry.row)) { continue }
            let number = number(of: entry.feature, batch, budget, &memo)
            if number < 0 {
                budget.drop(.featureLimit)
            } else if features[Int(number)].counters == nil,
                let refusal = makeCounters(Int(number), traffic, in: &ledger)
            {
                marks.refuse(Int(entry.row), batch, refusal, budget, &verdict)
            }
        }
        let errors = batch.inputErrors
        for place in batch.inputErrors(of: run) {
            let entry = errors[place]
            if marks.has(RowFlags.refused, Int(entry.row)) { continue }
            let number = number(of: entry.feature, batch, budget, &memo)
            if number < 0 {
                budget.drop(.featureLimit)
            } else if let refusal = makeError(
                Int(number), entry.reason, traffic, in: &ledger)
            {
                marks.refuse(Int(entry.row), batch, refusal, budget, &verdict)
            }
        }
    }

    /// The number of a feature that has one, else `SymbolCache.refused`.
    @inline(__always)
    private func known(_ name: Symbol, _ batch: borrowing Batch, _ memo: inout SymbolCache) -> Int32
    {
        let number = memo[name]
        if number != -1 { return number }
        let found = table.number(of: batch.bytes(name)).map { Int32($0) } ?? SymbolCache.refused
        memo[name] = found
        return found
    }

    /// The number of a feature, which it gets if it has none; `SymbolCache.refused` beyond the limit.
    @inline(__always)
    private func number(
        of name: Symbol, _ batch: borrowing Batch, _ budget: SeriesBudget, _ memo: inout SymbolCache
    ) -> Int32 {
        let number = memo[name]
        if number != -1 { return number }
        let resolved = resolve(batch.bytes(name), budget)
        memo[name] = resolved
        return resolved
    }

    private func resolve(_ name: Span<UInt8>, _ budget: SeriesBudget) -> Int32 {
        if let known = table.number(of: name) { return Int32(known) }
        if table.count >= budget.limits.features { return SymbolCache.refused }
        features.append(Feature())
        return Int32(table.add(name))
    }

    private func makeCounters(
        _ number: Int, _ traffic: VariantSeries, in ledger: inout SeriesStore
    ) -> DropReason? {
        if let refusal = ledger.reserve(4) { return refusal }
        let labels = ledger.keep(LabelSet(traffic.names + [("feature", table[number].string)]))
        let families = Families.all
        features[number].counters = Counters(
            rows: ledger.counter(families.featureRows, labels),
            values: ledger.counter(families.featureValues, labels),
            missing: ledger.counter(families.featureMissing, labels),
            notFinite: ledger.counter(families.featureNotFinite, labels))
        return nil
    }

    private func makeError(
        _ number: Int, _ reason: InputReason, _ traffic: VariantSeries, in ledger: inout SeriesStore
    ) -> DropReason? {
        let place = Int(reason.rawValue)
        if features[number].errors[place] != nil { return nil }
        if let refusal = ledger.reserve(1) { return refusal }
        let labels = ledger.keep(
            LabelSet(
                traffic.names + [
                    ("feature", table[number].string), ("reason", "\(reason.name)"),
                ]))
        features[number].errors[place] = ledger.counter(Families.all.inputErrors, labels)
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

    init(_ record: inout ByteReader, in ledger: borrowing SeriesStore) {
        table = NameTable(&record)
        for _ in 0..<table.count {
            var feature = Feature()
            let kind = record.number(below: 3)
            feature.kind = kind == 0 ? nil : kind == 1 ? .numeric : .category
            feature.isShown = record.flag()
            if record.flag() {
                feature.counters = Counters(
                    rows: ledger.counter(&record), values: ledger.counter(&record),
                    missing: ledger.counter(&record), notFinite: ledger.counter(&record))
            }
            for reason in feature.errors.indices where record.flag() {
                feature.errors[reason] = ledger.counter(&record)
            }
            features.append(feature)
        }
    }

    // MARK: Counting

    /// Counts the features and input errors of the rows of a run that were not refused.
    func count(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore,
        _ traffic: VariantSeries,
        _ budget: SeriesBudget, _ memo: inout SymbolCache, _ marks: inout RowFlags
    ) {
        let values = batch.features
        let weights = batch.weights
        for place in batch.features(of: run) {
            let entry = values[place]
            let row = Int(entry.row)
            let number = Int(known(entry.feature, batch, &memo))
            if number < 0 || marks.has(RowFlags.refused, row) { continue }
            guard let counters = features[number].counters else { continue }
            let weight = weights[row]
            ledger.add(counters.rows, weight)
            switch judge(entry.value.kind, number) {
            case .value: ledger.add(counters.values, weight)
            case .missing: ledger.add(counters.missing, weight)
            case .notFinite: ledger.add(counters.notFinite, weight)
            case .otherType:
                countMismatch(batch, run, entry, number, in: &ledger, traffic, budget, &marks)
            }
            if !features[number].isShown {
                features[number].isShown = true
                for counter in [counters.values, counters.missing, counters.notFinite] {
                    ledger.show(counter)
                }
            }
        }
        countErrors(batch, run, in: &ledger, traffic, &memo, &marks)
    }

    private enum Judgement {
        case value, missing, notFinite, otherType
    }

    /// What a value is to its feature. The first value that tells a kind decides it.
    private func judge(_ value: Value.Kind, _ number: Int) -> Judgement {
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
        _ batch: borrowing Batch, _ run: Int, _ entry: FeatureValue, _ number: Int,
        in ledger: inout SeriesStore, _ traffic: VariantSeries, _ budget: SeriesBudget,
        _ marks: inout RowFlags
    ) {
        let weight = batch.weights[Int(entry.row)]
        if marks.insert(RowFlags.invalid, Int(entry.row)) {
            ledger.add(traffic.invalidRows, weight)
        }
        let errors = batch.inputErrors
        let range = batch.inputErrors(of: run)
        var place = errors.span.firstIndex(ofRow: entry.row, in: range)
        while place < range.upperBound, errors[place].row == entry.row {
            if errors[place].feature == entry.feature, errors[place].reason == .type { return }
            place += 1
        }
        // The event itself is counted by now: without room its error alone is lost.
        if let refusal = makeError(number, .type, traffic, in: &ledger) {
            budget.drop(refusal)
        } else if let counter = features[number].errors[Int(InputReason.type.rawValue)] {
            ledger.add(counter, weight)
        }
    }

    private func countErrors(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore,
        _ traffic: VariantSeries,
        _ memo: inout SymbolCache, _ marks: inout RowFlags
    ) {
        let errors = batch.inputErrors
        let range = batch.inputErrors(of: run)
        for place in range {
            let entry = errors[place]
            let row = Int(entry.row)
            if marks.has(RowFlags.refused, row) { continue }
            let weight = batch.weights[row]
            if marks.insert(RowFlags.invalid, row) { ledger.add(traffic.invalidRows, weight) }
            let number = Int(known(entry.feature, batch, &memo))
            if number < 0 || isRepeated(errors, place, in: range) { continue }
            if let counter = features[number].errors[Int(entry.reason.rawValue)] {
                ledger.add(counter, weight)
            }
        }
    }

    /// Whether the row has told the same error before.
    private func isRepeated(_ errors: [InputError], _ place: Int, in range: Range<Int>) -> Bool {
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
