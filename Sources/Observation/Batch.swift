internal import Kernel

/// The events of one push, decoded and checked. Intake fills it, Model applies it.
///
/// Inference events are stored in columns: a row is one event, and values of rows are entries of
/// lists, each with its row. Consecutive rows of one version of a model are a run. Strings are
/// stored one after the other in one buffer; names are stored once each. `removeAll` keeps the
/// memory, so that the next push of the same kind allocates nothing.
package struct Batch: ~Copyable, Sendable {
    /// The model, version and variant that events belong to.
    package struct Scope: Sendable, Hashable, BitwiseCopyable {
        package let model: Symbol
        /// `none` only for metrics, and for labels and training events without a version.
        package let version: Symbol
        /// `none` if absent.
        package let variant: Symbol
    }

    /// Consecutive rows of one scope, and the index of their first entry in every list.
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

    /// The index of the row's event in the body, for errors.
    package internal(set) var items: [UInt32] = []
    package internal(set) var outcomes: [RequestOutcome] = []
    /// Why the request failed; the outcome's name if the event gives no reason. `none` for `ok`
    /// without a reason.
    package internal(set) var reasons: [Symbol] = []
    /// Requests that the row represents: 1, or the event's `count`.
    package internal(set) var weights: [UInt64] = []
    /// Rows of input in each of these requests: `batch_size`, else 1.
    package internal(set) var sizes: [UInt64] = []

    // MARK: Lists; `list(of: run)` is the range of a run's entries

    var observations: InlineArray<13, [Observation]> = InlineArray(repeating: [])
    package internal(set) var features: [FeatureValue] = []
    package internal(set) var predictions: [Prediction] = []
    package internal(set) var scores: [NamedNumber] = []
    package internal(set) var groups: [GroupTag] = []
    package internal(set) var inputErrors: [InputError] = []
    package internal(set) var attributions: [NamedNumber] = []
    package internal(set) var ids: [RowText] = []
    package internal(set) var traces: [RowText] = []
    package internal(set) var finishReasons: [RowName] = []

    /// Events of the other kinds; each kind's file has the accessors.
    var lists = EventLists()

    /// What was left out without refusing an event.
    package var omissions = IgnoredInput()

    package init() {}

    /// Events of every kind.
    package var eventCount: Int {
        EventKind.allCases.reduce(0) { $0 + count(of: $1) }
    }

    /// Events of one kind.
    package func count(of kind: EventKind) -> Int { kind.type.count(in: self) }

    package var isEmpty: Bool { eventCount == 0 }

    // MARK: Texts

    /// Names are numbered from 0, so that a consumer can use an array by number as a cache.
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
    package func finishReasons(of run: Int) -> Range<Int> {
        range(ListCounts.finishReasons, run: run, count: finishReasons.count)
    }

    private func range(_ list: Int, run: Int, count: Int) -> Range<Int> {
        let end = run + 1 < runs.count ? Int(runs[run + 1].marks.starts[list]) : count
        return Int(runs[run].marks.starts[list])..<end
    }
}
