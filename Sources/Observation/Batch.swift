internal import Kernel

/// What one push says, decoded and checked: Intake fills it, Model applies it.
///
/// Everything lies in columns: a row is one inference event, and what is known of rows lies in lists
/// of their own, each entry with its row. Rows that follow each other and belong to one version of
/// a model are a run. Texts lie in one piece of memory; names, once each. `removeAll` keeps all
/// memory, so that a further push of the same kind allocates nothing.
package struct Batch: ~Copyable, Sendable {
    /// Whom events are about.
    package struct Scope: Sendable, Hashable, BitwiseCopyable {
        package let model: Symbol
        /// none only for labels and trainings without one, and for metrics.
        package let version: Symbol
        /// none when there is none.
        package let variant: Symbol
    }

    /// A stretch of rows of one scope, and where its entries begin in every list.
    package struct ScopeRun: Sendable, BitwiseCopyable {
        package let scope: Int
        let row: Int
        let marks: ListCounts
    }

    var names = SymbolTable(capacity: 4096)
    package internal(set) var scopes: [Scope] = []
    var scopeNumbers: [Scope: Int] = [:]
    package internal(set) var runs: [ScopeRun] = []

    // MARK: By row

    /// The row's place in the body, for errors.
    package internal(set) var items: [UInt32] = []
    package internal(set) var outcomes: [RequestOutcome] = []
    /// Why the request failed; the outcome's name when nothing else was said. none for `ok`.
    package internal(set) var reasons: [Symbol] = []
    /// How many requests the row stands for: 1, or the `count` of the counted form.
    package internal(set) var weights: [UInt64] = []
    /// Rows of input in each of these requests: `batch_size`, else 1.
    package internal(set) var sizes: [UInt64] = []

    // MARK: Lists; `list(…, of: run)` tells which entries are a run's

    var observations: InlineArray<11, [Observation]> = InlineArray(repeating: [])
    package internal(set) var features: [FeatureValue] = []
    package internal(set) var predictions: [Prediction] = []
    package internal(set) var scores: [NamedNumber] = []
    package internal(set) var groups: [GroupTag] = []
    package internal(set) var inputErrors: [InputError] = []
    package internal(set) var attributions: [NamedNumber] = []
    package internal(set) var ids: [RowText] = []
    package internal(set) var traces: [RowText] = []

    // MARK: Announcements, each kind in the order of the body

    package internal(set) var labels: [LabelEvent] = []
    package internal(set) var labelGroups: [GroupTag] = []
    package internal(set) var trainings: [TrainingEvent] = []
    package internal(set) var trainingNumbers: [TrainingNumber] = []
    package internal(set) var trainingStatistics: [TrainingStatistics] = []
    package internal(set) var states: [StateEvent] = []
    package internal(set) var lifecycle: [ModelEvent] = []
    package internal(set) var metrics: [MetricEvent] = []
    package internal(set) var metricLabels: [MetricLabel] = []

    /// What was left out without refusing an event.
    package var omissions = IgnoredInput()

    package init() {}

    /// Events of every kind.
    package var eventCount: Int {
        items.count + labels.count + trainings.count + states.count + lifecycle.count
            + metrics.count
    }

    package var isEmpty: Bool { eventCount == 0 }

    // MARK: Texts

    /// Names are numbered from 0: a consumer may keep what it knows of them in an array.
    package var nameCount: Int { names.count }

    @_lifetime(borrow self)
    package func bytes(_ name: Symbol) -> Span<UInt8> {
        names.bytes(names.text(name))
    }

    @_lifetime(borrow self)
    package func bytes(_ text: StringRef) -> Span<UInt8> {
        names.bytes(text)
    }

    // MARK: Runs

    /// The rows of a run, by its index.
    package func rows(of run: Int) -> Range<Int> {
        runs[run].row..<(run + 1 < runs.count ? runs[run + 1].row : items.count)
    }

    /// All observations of a measure; those of a run are at `observations(_:of:)`.
    @_lifetime(borrow self)
    package func observations(_ measure: Measure) -> Span<Observation> {
        observations[measure.rawValue].span
    }

    package func observations(_ measure: Measure, of run: Int) -> Range<Int> {
        range(measure.rawValue, run: run, count: observations[measure.rawValue].count)
    }

    package func features(of run: Int) -> Range<Int> {
        range(ListCounts.features, run: run, count: features.count)
    }
    package func inputErrors(of run: Int) -> Range<Int> {
        range(ListCounts.inputErrors, run: run, count: inputErrors.count)
    }
    package func traces(of run: Int) -> Range<Int> {
        range(ListCounts.traces, run: run, count: traces.count)
    }

    private func range(_ list: Int, run: Int, count: Int) -> Range<Int> {
        let end = run + 1 < runs.count ? Int(runs[run + 1].marks.starts[list]) : count
        return Int(runs[run].marks.starts[list])..<end
    }
}
