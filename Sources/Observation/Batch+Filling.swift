internal import Kernel

/// How many entries each list had at some time.
struct ListCounts: Sendable, BitwiseCopyable {
    static let features = 11
    static let predictions = 12
    static let scores = 13
    static let groups = 14
    static let inputErrors = 15
    static let attributions = 16
    static let ids = 17
    static let traces = 18

    var starts: InlineArray<19, UInt32> = InlineArray(repeating: 0)
}

/// What whoever decodes calls. All values have been checked before.
extension Batch {
    /// Where the batch stood: what came later can be taken back.
    package struct Checkpoint {
        let marks: ListCounts
        package let rows: Int
        let runs: Int
        let labelGroups: Int
        let trainingNumbers: Int
        let trainingStatistics: Int
        let metricLabels: Int
    }

    /// Forgets everything and keeps the memory.
    package mutating func removeAll() {
        names.removeAll()
        scopes.removeAll(keepingCapacity: true)
        scopeNumbers.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        outcomes.removeAll(keepingCapacity: true)
        reasons.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        sizes.removeAll(keepingCapacity: true)
        for index in observations.indices {
            observations[index].removeAll(keepingCapacity: true)
        }
        features.removeAll(keepingCapacity: true)
        predictions.removeAll(keepingCapacity: true)
        scores.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        inputErrors.removeAll(keepingCapacity: true)
        attributions.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        traces.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        labelGroups.removeAll(keepingCapacity: true)
        trainings.removeAll(keepingCapacity: true)
        trainingNumbers.removeAll(keepingCapacity: true)
        trainingStatistics.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        lifecycle.removeAll(keepingCapacity: true)
        metrics.removeAll(keepingCapacity: true)
        metricLabels.removeAll(keepingCapacity: true)
        omissions = IgnoredInput()
    }

    /// About how many bytes the batch holds on to, used or not.
    package var keptBytes: Int {
        var bytes = names.capacity + items.capacity * 29 + features.capacity * 24
        for index in observations.indices { bytes += observations[index].capacity * 24 }
        bytes += (scores.capacity + attributions.capacity + predictions.capacity) * 24
        bytes += (groups.capacity + inputErrors.capacity + ids.capacity + traces.capacity) * 12
        bytes += runs.capacity * MemoryLayout<ScopeRun>.stride
        return bytes
    }

    // MARK: Texts

    /// The name with these bytes. `guess` is what it probably is: the name that stood in the same
    /// place last time.
    @inline(__always)
    package mutating func intern(_ bytes: Span<UInt8>, guess: Symbol = .none) -> Symbol {
        names.matches(guess, bytes: bytes) ? guess : names.intern(bytes)
    }

    package mutating func intern(_ literal: StaticString) -> Symbol {
        let bytes = unsafe UnsafeBufferPointer(
            start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return names.intern(unsafe Span(_unsafeElements: bytes))
    }

    /// Keeps a text that is no name.
    package mutating func keep(_ bytes: Span<UInt8>) -> StringRef {
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
            marks: marks, rows: items.count, runs: runs.count, labelGroups: labelGroups.count,
            trainingNumbers: trainingNumbers.count, trainingStatistics: trainingStatistics.count,
            metricLabels: metricLabels.count)
    }

    /// Takes back the rows, runs and list entries that came after `mark`. Names stay.
    package mutating func takeBack(to mark: Checkpoint) {
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
        runs.cut(to: mark.runs)
        items.cut(to: mark.rows)
        outcomes.cut(to: mark.rows)
        reasons.cut(to: mark.rows)
        weights.cut(to: mark.rows)
        sizes.cut(to: mark.rows)
        labelGroups.cut(to: mark.labelGroups)
        trainingNumbers.cut(to: mark.trainingNumbers)
        trainingStatistics.cut(to: mark.trainingStatistics)
        metricLabels.cut(to: mark.metricLabels)
    }

    /// The number that the next row gets.
    package var nextRow: Int { items.count }

    /// Says that the rows and entries after `mark` belong to `scope`.
    package mutating func openRun(_ scope: Int, at mark: borrowing Checkpoint) {
        if let last = runs.last, last.scope == scope { return }
        runs.append(ScopeRun(scope: scope, row: mark.rows, marks: mark.marks))
    }

    /// Adds a row. Its run is open.
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

    package mutating func append(inputError reason: InputReason, feature: Symbol, row: Int) {
        inputErrors.append(
            InputError(row: UInt32(truncatingIfNeeded: row), feature: feature, reason: reason))
    }

    package mutating func append(id: StringRef, row: Int) {
        ids.append(RowText(row: UInt32(truncatingIfNeeded: row), text: id))
    }

    package mutating func append(trace: StringRef, row: Int) {
        traces.append(RowText(row: UInt32(truncatingIfNeeded: row), text: trace))
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
        return marks
    }
}

extension Batch {
    // MARK: Announcements

    package mutating func append(_ label: LabelEvent) { labels.append(label) }
    package mutating func append(_ training: TrainingEvent) { trainings.append(training) }
    package mutating func append(_ state: StateEvent) { states.append(state) }
    package mutating func append(_ lifecycle: ModelEvent) { self.lifecycle.append(lifecycle) }
    package mutating func append(_ metric: MetricEvent) { metrics.append(metric) }

    /// A group of the label that is appended next.
    package mutating func appendLabelGroup(_ facet: Symbol, group: Symbol) {
        labelGroups.append(
            GroupTag(row: UInt32(truncatingIfNeeded: labels.count), facet: facet, group: group))
    }

    package mutating func append(trainingNumber value: Double, of name: Symbol) {
        trainingNumbers.append(TrainingNumber(name: name, value: value))
    }

    package mutating func append(_ statistics: TrainingStatistics) {
        trainingStatistics.append(statistics)
    }

    package mutating func append(metricLabel name: Symbol, value: Symbol) {
        metricLabels.append(MetricLabel(name: name, value: value))
    }
}

extension Array {
    /// Forgets all elements after the first `count`.
    fileprivate mutating func cut(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
    }
}
