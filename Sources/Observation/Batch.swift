internal import Kernel

/// What one push says, decoded and checked: Intake fills it, Model applies it.
///
/// Everything lies in columns: a row is one inference event, and what is known of rows lies in lists
/// of their own, each entry with its row. Rows that follow each other and belong to one version of
/// a model are a run. Texts lie in one piece of memory; names, once each. `removeAll` keeps all
/// memory, so that a further push of the same kind allocates nothing.
public struct Batch: ~Copyable, Sendable {
    /// Whom events are about.
    public struct Scope: Sendable, Hashable, BitwiseCopyable {
        public let model: Name
        /// none only for labels and trainings without one, and for metrics.
        public let version: Name
        /// none when there is none.
        public let variant: Name
    }

    /// A stretch of rows of one scope, and where its entries begin in every list.
    public struct Run: Sendable, BitwiseCopyable {
        public let scope: Int
        let row: Int
        let marks: Marks
    }

    var names = Names(capacity: 4096)
    public internal(set) var scopes: [Scope] = []
    var scopeNumbers: [Scope: Int] = [:]
    public internal(set) var runs: [Run] = []

    // MARK: By row

    /// The row's place in the body, for errors.
    public internal(set) var items: [UInt32] = []
    public internal(set) var outcomes: [RequestOutcome] = []
    /// Why the request failed; the outcome's name when nothing else was said. none for `ok`.
    public internal(set) var reasons: [Name] = []
    /// How many requests the row stands for: 1, or the `count` of the counted form.
    public internal(set) var weights: [UInt64] = []
    /// Rows of input in each of these requests: `batch_size`, else 1.
    public internal(set) var sizes: [UInt64] = []

    // MARK: Lists; `list(…, of: run)` tells which entries are a run's

    var observations: InlineArray<11, [Observation]> = InlineArray(repeating: [])
    public internal(set) var features: [FeatureValue] = []
    public internal(set) var predictions: [Prediction] = []
    public internal(set) var scores: [NamedNumber] = []
    public internal(set) var groups: [Membership] = []
    public internal(set) var inputErrors: [InputError] = []
    public internal(set) var attributions: [NamedNumber] = []
    public internal(set) var ids: [RowText] = []
    public internal(set) var traces: [RowText] = []

    // MARK: Announcements, each kind in the order of the body

    public internal(set) var labels: [Label] = []
    public internal(set) var labelGroups: [Membership] = []
    public internal(set) var trainings: [Training] = []
    public internal(set) var trainingNumbers: [TrainingNumber] = []
    public internal(set) var trainingStatistics: [TrainingStatistics] = []
    public internal(set) var states: [State] = []
    public internal(set) var news: [ModelNews] = []
    public internal(set) var metrics: [Metric] = []
    public internal(set) var metricLabels: [MetricLabel] = []

    /// What was left out without refusing an event.
    public var omissions = Omissions()

    public init() {}

    /// Events of every kind.
    public var eventCount: Int {
        items.count + labels.count + trainings.count + states.count + news.count + metrics.count
    }

    public var isEmpty: Bool { eventCount == 0 }

    // MARK: Texts

    /// Names are numbered from 0: a consumer may keep what it knows of them in an array.
    public var nameCount: Int { names.count }

    @_lifetime(borrow self)
    public func bytes(_ name: Name) -> Span<UInt8> {
        names.bytes(names.text(name))
    }

    @_lifetime(borrow self)
    public func bytes(_ text: Text) -> Span<UInt8> {
        names.bytes(text)
    }

    // MARK: Runs

    /// The rows of a run, by its index.
    public func rows(of run: Int) -> Range<Int> {
        runs[run].row..<(run + 1 < runs.count ? runs[run + 1].row : items.count)
    }

    /// All observations of a measure; those of a run are at `observations(_:of:)`.
    @_lifetime(borrow self)
    public func observations(_ measure: Measure) -> Span<Observation> {
        observations[measure.rawValue].span
    }

    public func observations(_ measure: Measure, of run: Int) -> Range<Int> {
        range(measure.rawValue, run, observations[measure.rawValue].count)
    }

    public func features(of run: Int) -> Range<Int> { range(Marks.features, run, features.count) }
    public func inputErrors(of run: Int) -> Range<Int> {
        range(Marks.inputErrors, run, inputErrors.count)
    }
    public func traces(of run: Int) -> Range<Int> { range(Marks.traces, run, traces.count) }

    private func range(_ list: Int, _ run: Int, _ count: Int) -> Range<Int> {
        let end = run + 1 < runs.count ? Int(runs[run + 1].marks.starts[list]) : count
        return Int(runs[run].marks.starts[list])..<end
    }
}
