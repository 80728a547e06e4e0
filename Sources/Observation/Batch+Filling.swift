internal import Kernel

/// How many entries each list had at some time.
struct Marks: Sendable, BitwiseCopyable {
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
    public struct Mark {
        let marks: Marks
        public let rows: Int
        let runs: Int
        let labelGroups: Int
        let trainingNumbers: Int
        let trainingStatistics: Int
        let metricLabels: Int
    }

    /// Forgets everything and keeps the memory.
    public mutating func removeAll() {
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
        news.removeAll(keepingCapacity: true)
        metrics.removeAll(keepingCapacity: true)
        metricLabels.removeAll(keepingCapacity: true)
        omissions = Omissions()
    }

    /// About how many bytes the batch holds on to, used or not.
    public var keptBytes: Int {
        var bytes = names.capacity + items.capacity * 29 + features.capacity * 24
        for index in observations.indices { bytes += observations[index].capacity * 24 }
        bytes += (scores.capacity + attributions.capacity + predictions.capacity) * 24
        bytes += (groups.capacity + inputErrors.capacity + ids.capacity + traces.capacity) * 12
        bytes += runs.capacity * MemoryLayout<Run>.stride
        return bytes
    }

    // MARK: Texts

    /// The name with these bytes. `guess` is what it probably is: the name that stood in the same
    /// place last time.
    @inline(__always)
    public mutating func intern(_ bytes: Span<UInt8>, guess: Name = .none) -> Name {
        names.matches(guess, bytes) ? guess : names.intern(bytes)
    }

    public mutating func intern(_ literal: StaticString) -> Name {
        let bytes = unsafe UnsafeBufferPointer(
            start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return names.intern(unsafe Span(_unsafeElements: bytes))
    }

    /// Keeps a text that is no name.
    public mutating func keep(_ bytes: Span<UInt8>) -> Text {
        names.append(bytes)
    }

    public func text(_ name: Name) -> Text { names.text(name) }

    // MARK: Rows

    public mutating func scope(model: Name, version: Name, variant: Name) -> Int {
        let scope = Scope(model: model, version: version, variant: variant)
        if let number = scopeNumbers[scope] { return number }
        let number = scopes.count
        scopes.append(scope)
        scopeNumbers[scope] = number
        return number
    }

    public var mark: Mark {
        Mark(
            marks: marks, rows: items.count, runs: runs.count, labelGroups: labelGroups.count,
            trainingNumbers: trainingNumbers.count, trainingStatistics: trainingStatistics.count,
            metricLabels: metricLabels.count)
    }

    /// Takes back the rows, runs and list entries that came after `mark`. Names stay.
    public mutating func takeBack(to mark: Mark) {
        let starts = mark.marks.starts
        for index in observations.indices { observations[index].cut(to: Int(starts[index])) }
        features.cut(to: Int(starts[Marks.features]))
        predictions.cut(to: Int(starts[Marks.predictions]))
        scores.cut(to: Int(starts[Marks.scores]))
        groups.cut(to: Int(starts[Marks.groups]))
        inputErrors.cut(to: Int(starts[Marks.inputErrors]))
        attributions.cut(to: Int(starts[Marks.attributions]))
        ids.cut(to: Int(starts[Marks.ids]))
        traces.cut(to: Int(starts[Marks.traces]))
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
    public var nextRow: Int { items.count }

    /// Says that the rows and entries after `mark` belong to `scope`.
    public mutating func openRun(_ scope: Int, at mark: borrowing Mark) {
        if let last = runs.last, last.scope == scope { return }
        runs.append(Run(scope: scope, row: mark.rows, marks: mark.marks))
    }

    /// Adds a row. Its run is open.
    @inline(__always)
    public mutating func appendRow(
        item: Int, _ outcome: RequestOutcome, reason: Name, weight: UInt64, size: UInt64
    ) {
        items.append(UInt32(truncatingIfNeeded: item))
        outcomes.append(outcome)
        reasons.append(reason)
        weights.append(weight)
        sizes.append(size)
    }

    @inline(__always)
    public mutating func observe(
        _ measure: Measure, row: Int, _ value: Double, weight: UInt64 = 1
    ) {
        observations[measure.rawValue].append(
            Observation(row: row, value: value, weight: weight))
    }

    public mutating func append(feature: Name, row: Int, _ value: Value) {
        features.append(
            FeatureValue(row: UInt32(truncatingIfNeeded: row), feature: feature, value: value))
    }

    public mutating func append(prediction: Value, row: Int) {
        predictions.append(
            Prediction(row: UInt32(truncatingIfNeeded: row), value: prediction))
    }

    public mutating func append(score: Double, of name: Name, row: Int) {
        scores.append(
            NamedNumber(row: UInt32(truncatingIfNeeded: row), name: name, value: score))
    }

    public mutating func append(attribution: Double, of feature: Name, row: Int) {
        attributions.append(
            NamedNumber(row: UInt32(truncatingIfNeeded: row), name: feature, value: attribution))
    }

    public mutating func append(group: Name, of facet: Name, row: Int) {
        groups.append(
            Membership(row: UInt32(truncatingIfNeeded: row), facet: facet, group: group))
    }

    public mutating func append(inputError reason: InputReason, feature: Name, row: Int) {
        inputErrors.append(
            InputError(row: UInt32(truncatingIfNeeded: row), feature: feature, reason: reason))
    }

    public mutating func append(id: Text, row: Int) {
        ids.append(RowText(row: UInt32(truncatingIfNeeded: row), text: id))
    }

    public mutating func append(trace: Text, row: Int) {
        traces.append(RowText(row: UInt32(truncatingIfNeeded: row), text: trace))
    }

    private var marks: Marks {
        var marks = Marks()
        for index in observations.indices {
            marks.starts[index] = UInt32(truncatingIfNeeded: observations[index].count)
        }
        marks.starts[Marks.features] = UInt32(truncatingIfNeeded: features.count)
        marks.starts[Marks.predictions] = UInt32(truncatingIfNeeded: predictions.count)
        marks.starts[Marks.scores] = UInt32(truncatingIfNeeded: scores.count)
        marks.starts[Marks.groups] = UInt32(truncatingIfNeeded: groups.count)
        marks.starts[Marks.inputErrors] = UInt32(truncatingIfNeeded: inputErrors.count)
        marks.starts[Marks.attributions] = UInt32(truncatingIfNeeded: attributions.count)
        marks.starts[Marks.ids] = UInt32(truncatingIfNeeded: ids.count)
        marks.starts[Marks.traces] = UInt32(truncatingIfNeeded: traces.count)
        return marks
    }
}

extension Batch {
    // MARK: Announcements

    public mutating func append(_ label: Label) { labels.append(label) }
    public mutating func append(_ training: Training) { trainings.append(training) }
    public mutating func append(_ state: State) { states.append(state) }
    public mutating func append(_ news: ModelNews) { self.news.append(news) }
    public mutating func append(_ metric: Metric) { metrics.append(metric) }

    /// A group of the label that is appended next.
    public mutating func appendLabelGroup(_ facet: Name, _ group: Name) {
        labelGroups.append(
            Membership(row: UInt32(truncatingIfNeeded: labels.count), facet: facet, group: group))
    }

    public mutating func append(trainingNumber value: Double, of name: Name) {
        trainingNumbers.append(TrainingNumber(name: name, value: value))
    }

    public mutating func append(_ statistics: TrainingStatistics) {
        trainingStatistics.append(statistics)
    }

    public mutating func append(metricLabel name: Name, _ value: Name) {
        metricLabels.append(MetricLabel(name: name, value: value))
    }
}

extension Array {
    /// Forgets all elements after the first `count`.
    fileprivate mutating func cut(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
    }
}
