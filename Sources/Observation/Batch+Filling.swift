internal import Kernel

/// The number of entries in each list at a point in time.
struct ListCounts: Sendable, BitwiseCopyable {
    // After the lists of the measures.
    static let features = 13
    static let predictions = 14
    static let scores = 15
    static let groups = 16
    static let inputErrors = 17
    static let attributions = 18
    static let ids = 19
    static let traces = 20
    static let finishReasons = 21

    var starts: InlineArray<22, UInt32> = InlineArray(repeating: 0)
}

/// Called by decoders, which check all values before.
extension Batch {
    /// A state of the batch that `rollBack` returns to.
    package struct Checkpoint {
        let marks: ListCounts
        package let rows: Int
        let runs: Int
        let parts: EventLists.PartCounts
    }

    /// Removes everything and keeps the memory.
    package mutating func removeAll() {
        names.removeAll()
        scopes.removeAll(keepingCapacity: true)
        scopeNumbers.removeAll(keepingCapacity: true)
        for kind in EventKind.allCases { kind.type.removeAll(from: &self) }
        omissions = IgnoredInput()
    }

    /// Bytes of memory that the batch keeps, used or not: what a pool must count.
    package var keptBytes: Int {
        EventKind.allCases.reduce(names.capacity + scopes.capacity * 12) {
            $0 + $1.type.capacityBytes(in: self)
        }
    }

    // MARK: Texts

    /// The symbol with these bytes. `guess` is tried first: the name at the same position of the
    /// event before, which is mostly the same and saves the hash.
    @inline(__always)
    package mutating func intern(_ bytes: Span<UInt8>, guess: Symbol = .none) -> Symbol {
        names.matches(guess, bytes: bytes) ? guess : names.intern(bytes)
    }

    package mutating func intern(_ literal: StaticString) -> Symbol {
        let bytes = unsafe UnsafeBufferPointer(
            start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return names.intern(unsafe Span(_unsafeElements: bytes))
    }

    /// Stores a string that is not a name.
    package mutating func store(_ bytes: Span<UInt8>) -> StringRef {
        names.append(bytes)
    }

    package func text(_ name: Symbol) -> StringRef { names.text(name) }

    // MARK: Rows

    package mutating func scope(model: Symbol, version: Symbol, variant: Symbol) -> Int {
        let scope = Scope(model: model, version: version, variant: variant)
        if let number = scopeNumbers[scope] { return number }
        let number = scopes.count
        scopes.append(scope)
        scopeNumbers[scope] = number
        return number
    }

    package var mark: Checkpoint {
        Checkpoint(
            marks: marks, rows: items.count, runs: runs.count, parts: lists.partCounts)
    }

    /// Removes the rows, runs and list entries that came after `mark`. Names stay.
    package mutating func rollBack(to mark: Checkpoint) {
        let starts = mark.marks.starts
        for index in observations.indices { observations[index].cut(to: Int(starts[index])) }
        features.cut(to: Int(starts[ListCounts.features]))
        predictions.cut(to: Int(starts[ListCounts.predictions]))
        scores.cut(to: Int(starts[ListCounts.scores]))
        groups.cut(to: Int(starts[ListCounts.groups]))
        inputErrors.cut(to: Int(starts[ListCounts.inputErrors]))
        attributions.cut(to: Int(starts[ListCounts.attributions]))
        ids.cut(to: Int(starts[ListCounts.ids]))
        traces.cut(to: Int(starts[ListCounts.traces]))
        finishReasons.cut(to: Int(starts[ListCounts.finishReasons]))
        runs.cut(to: mark.runs)
        items.cut(to: mark.rows)
        outcomes.cut(to: mark.rows)
        reasons.cut(to: mark.rows)
        weights.cut(to: mark.rows)
        sizes.cut(to: mark.rows)
        lists.cut(to: mark.parts)
    }

    /// The number that the next row gets.
    package var nextRow: Int { items.count }

    /// Begins a run: the rows and entries after `mark` belong to `scope`.
    package mutating func openRun(_ scope: Int, at mark: borrowing Checkpoint) {
        if let last = runs.last, last.scope == scope { return }
        runs.append(ScopeRun(scope: scope, row: mark.rows, marks: mark.marks))
    }

    /// Appends a row to the run that `openRun` began.
    @inline(__always)
    package mutating func appendRow(
        item: Int, outcome: RequestOutcome, reason: Symbol, weight: UInt64, size: UInt64
    ) {
        items.append(UInt32(truncatingIfNeeded: item))
        outcomes.append(outcome)
        reasons.append(reason)
        weights.append(weight)
        sizes.append(size)
    }

    @inline(__always)
    package mutating func observe(
        _ measure: Measure, row: Int, value: Double, weight: UInt64 = 1
    ) {
        observations[measure.rawValue].append(
            Observation(row: row, value: value, weight: weight))
    }

    package mutating func append(feature: Symbol, row: Int, value: Value) {
        features.append(
            FeatureValue(row: UInt32(truncatingIfNeeded: row), feature: feature, value: value))
    }

    package mutating func append(prediction: Value, row: Int) {
        predictions.append(
            Prediction(row: UInt32(truncatingIfNeeded: row), value: prediction))
    }

    package mutating func append(score: Double, of name: Symbol, row: Int) {
        scores.append(
            NamedNumber(row: UInt32(truncatingIfNeeded: row), name: name, value: score))
    }

    package mutating func append(attribution: Double, of feature: Symbol, row: Int) {
        attributions.append(
            NamedNumber(row: UInt32(truncatingIfNeeded: row), name: feature, value: attribution))
    }

    package mutating func append(group: Symbol, of facet: Symbol, row: Int) {
        groups.append(
            GroupTag(row: UInt32(truncatingIfNeeded: row), facet: facet, group: group))
    }

    package mutating func append(
        inputError reason: InputReason, feature: Symbol, row: Int, rows: UInt32 = 1
    ) {
        inputErrors.append(
            InputError(
                row: UInt32(truncatingIfNeeded: row), feature: feature, reason: reason, rows: rows))
    }

    /// Sorts the input errors after `mark` by row. Columns append theirs column by column; Model
    /// finds a row's errors by binary search.
    package mutating func sortInputErrors(after mark: borrowing Checkpoint) {
        let first = Int(mark.marks.starts[ListCounts.inputErrors])
        if inputErrors.count - first < 2 { return }
        let sorted = inputErrors[first...].sorted { $0.row < $1.row }
        inputErrors.replaceSubrange(first..., with: sorted)
    }

    package mutating func append(id: StringRef, row: Int) {
        ids.append(RowText(row: UInt32(truncatingIfNeeded: row), text: id))
    }

    package mutating func append(trace: StringRef, row: Int) {
        traces.append(RowText(row: UInt32(truncatingIfNeeded: row), text: trace))
    }

    package mutating func append(finishReason: Symbol, row: Int) {
        finishReasons.append(
            RowName(row: UInt32(truncatingIfNeeded: row), name: finishReason))
    }

    private var marks: ListCounts {
        var marks = ListCounts()
        for index in observations.indices {
            marks.starts[index] = UInt32(truncatingIfNeeded: observations[index].count)
        }
        marks.starts[ListCounts.features] = UInt32(truncatingIfNeeded: features.count)
        marks.starts[ListCounts.predictions] = UInt32(truncatingIfNeeded: predictions.count)
        marks.starts[ListCounts.scores] = UInt32(truncatingIfNeeded: scores.count)
        marks.starts[ListCounts.groups] = UInt32(truncatingIfNeeded: groups.count)
        marks.starts[ListCounts.inputErrors] = UInt32(truncatingIfNeeded: inputErrors.count)
        marks.starts[ListCounts.attributions] = UInt32(truncatingIfNeeded: attributions.count)
        marks.starts[ListCounts.ids] = UInt32(truncatingIfNeeded: ids.count)
        marks.starts[ListCounts.traces] = UInt32(truncatingIfNeeded: traces.count)
        marks.starts[ListCounts.finishReasons] = UInt32(truncatingIfNeeded: finishReasons.count)
        return marks
    }
}

extension Array {
    /// Removes all elements after the first `count`.
    mutating func cut(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
    }
}
