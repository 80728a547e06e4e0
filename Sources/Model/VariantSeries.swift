internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The series of one variant of a model version: their handles in the version's store. Guarded by
/// the version's lock.
final class VariantSeries {
    /// `model`, `version` and, where there is one, `variant`.
    let names: [(name: String, value: String)]
    let labels: Labels
    let requests: [Counter]
    let predictions: Counter
    let inputRows: Counter
    let invalidRows: Counter
    /// By `Measure.rawValue`; all but the duration's are made with their first value.
    private(set) var histograms: [Histogram?]
    private(set) var tokens: [Counter?] = [nil, nil]
    private(set) var reasons = NamedCounters()
    private(set) var finishReasons = NamedCounters()
    let inputs: FeatureCounters
    /// Rows of input that are counted or reserved, to check the limit of counters.
    var reservedRows: UInt64 = 0
    /// Tokens, input and output, likewise.
    var reservedTokens: InlineArray<2, UInt64> = [0, 0]
    /// Whether anything has been counted; then the known series are on the page.
    private(set) var isShown = false
    var states = ProducerStates()
    var labelCounters = LabelCounters()
    var lifecycle: ModelLifecycle?

    /// Nil if a limit is reached; `refusal` is the limit.
    init?(
        _ names: [(name: String, value: String)], in store: inout SeriesStore,
        refusal: inout DropReason?
    ) {
        let families = Families.all
        let outcomes = RequestOutcome.allCases
        let known = outcomes.filter { $0 != .ok }
        refusal = store.reserve(
            outcomes.count + known.count + 3 + store.cost(families.duration))
        if refusal != nil { return nil }
        self.names = names
        inputs = FeatureCounters()
        labels = store.store(LabelSet(names))
        predictions = store.counter(families.predictions, labels: labels)
        inputRows = store.counter(families.inputRows, labels: labels)
        invalidRows = store.counter(families.invalidRows, labels: labels)
        histograms = Measure.allCases.map { _ in nil }
        let duration = store.histogram(families.duration, labels: labels)
        histograms[Measure.duration.rawValue] = duration
        var requests: [Counter] = []
        for outcome in outcomes {
            let labels = store.store(LabelSet(names + [("outcome", "\(outcome.name)")]))
            requests.append(store.counter(families.requests, labels: labels))
        }
        self.requests = requests
        for reason in known {
            let name = "\(reason.name)"
            let labels = store.store(LabelSet(names + [("reason", name)]))
            reasons.add(
                name.utf8Span.span, counter: store.counter(families.errors, labels: labels))
        }
    }

    /// Shows the series that every variant has, at 0.
    func show(in store: inout SeriesStore) {
        if isShown { return }
        isShown = true
        if let duration = histograms[Measure.duration.rawValue] { store.show(duration) }
        for counter in requests { store.show(counter) }
        for counter in reasons.all { store.show(counter) }
        for counter in [predictions, inputRows, invalidRows] { store.show(counter) }
    }

    // MARK: Series that are made with their first value

    /// Makes the series of a measure. Returns the limit that is reached, or nil. Scores have no series yet.
    func reserve(_ measure: Measure, in store: inout SeriesStore) -> DropReason? {
        let families = Families.all
        switch measure {
        case .duration, .score: return nil
        case .inputTokens: return reserveTokens(measure, direction: 0, name: "input", in: &store)
        case .outputTokens: return reserveTokens(measure, direction: 1, name: "output", in: &store)
        case .stageQueue: return reserveStage(measure, name: "queue", in: &store)
        case .stagePreprocess: return reserveStage(measure, name: "preprocess", in: &store)
        case .stageInference: return reserveStage(measure, name: "inference", in: &store)
        case .stagePostprocess: return reserveStage(measure, name: "postprocess", in: &store)
        case .stagePrefill: return reserveStage(measure, name: "prefill", in: &store)
        case .stageDecode: return reserveStage(measure, name: "decode", in: &store)
        case .batchSize: return reserve(measure, descriptor: families.batchSize, in: &store)
        case .timeToFirstToken:
            return reserve(measure, descriptor: families.timeToFirstToken, in: &store)
        case .timePerOutputToken:
            return reserve(measure, descriptor: families.timePerOutputToken, in: &store)
        }
    }

    private func reserveStage(
        _ measure: Measure, name: String, in store: inout SeriesStore
    ) -> DropReason? {
        reserve(
            measure, descriptor: Families.all.stages, label: (name: "stage", value: name),
            in: &store)
    }

    private func reserve(
        _ measure: Measure, descriptor: MetricDescriptor,
        label: (name: String, value: String)? = nil, in store: inout SeriesStore
    ) -> DropReason? {
        if histograms[measure.rawValue] != nil { return nil }
        if let refusal = store.reserve(store.cost(descriptor)) { return refusal }
        let labels = label.map { store.store(LabelSet(names + [$0])) } ?? self.labels
        histograms[measure.rawValue] = store.histogram(descriptor, labels: labels)
        return nil
    }

    /// Makes the counter of tokens and the histogram of tokens per request.
    private func reserveTokens(
        _ measure: Measure, direction: Int, name: String, in store: inout SeriesStore
    ) -> DropReason? {
        let families = Families.all
        let label = (name: "direction", value: name)
        if let refusal = reserve(
            measure, descriptor: families.requestTokens, label: label, in: &store)
        {
            return refusal
        }
        if tokens[direction] != nil { return nil }
        if let refusal = store.reserve(1) { return refusal }
        let labels = store.store(LabelSet(names + [label]))
        tokens[direction] = store.counter(families.tokens, labels: labels)
        return nil
    }

    /// Makes the series of a reason, or of `other`. Returns the limit that is reached, or nil.
    func reserve(reason: Span<UInt8>, in store: inout SeriesStore, limit: Int) -> DropReason? {
        reasons.reserve(reason, in: &store, limit: limit) { name, store in
            store.counter(
                Families.all.errors, labels: store.store(LabelSet(names + [("reason", name)])))
        }
    }

    /// As `reserve(reason:in:limit:)`, of a finish reason.
    func reserve(
        finishReason: Span<UInt8>, in store: inout SeriesStore, limit: Int
    ) -> DropReason? {
        finishReasons.reserve(finishReason, in: &store, limit: limit) { name, store in
            store.counter(
                Families.all.finished,
                labels: store.store(LabelSet(names + [("finish_reason", name)])))
        }
    }

    // MARK: Records

    /// The measures that form 1 had: the first ones.
    private static let measuresOfForm1 = 11

    func write(to record: inout ByteWriter) {
        record.write(isShown)
        record.write(labels)
        for counter in requests { record.write(counter) }
        record.write(predictions)
        record.write(inputRows)
        record.write(invalidRows)
        record.write(count: histograms.count)
        for histogram in histograms { record.write(optional: histogram) { $1.write($0) } }
        for counter in tokens { record.write(optional: counter) { $1.write($0) } }
        reasons.write(to: &record)
        finishReasons.write(to: &record)
        inputs.write(to: &record)
        states.write(to: &record)
        labelCounters.write(to: &record)
        record.write(optional: lifecycle) { $0.write(to: &$1) }
    }

    /// Reads what `write` wrote, in the form `form` of `Models`.
    init(
        _ record: inout ByteReader, form: UInt64, names: [(name: String, value: String)],
        in store: inout SeriesStore, leases: Leases, now: UInt64
    ) {
        self.names = names
        let isShown = record.flag()
        labels = store.labels(&record)
        var requests: [Counter] = []
        for _ in RequestOutcome.allCases { requests.append(store.counter(&record)) }
        self.requests = requests
        predictions = store.counter(&record)
        inputRows = store.counter(&record)
        invalidRows = store.counter(&record)
        var histograms: [Histogram?] = []
        let written = form == 1 ? VariantSeries.measuresOfForm1 : record.count()
        if written > Measure.allCases.count { record.damage() }
        for measure in Measure.allCases {
            let isThere = measure.rawValue < written && record.flag()
            guard isThere, let descriptor = VariantSeries.descriptor(of: measure) else {
                if isThere { record.damage() }
                histograms.append(nil)
                continue
            }
            histograms.append(store.histogram(descriptor, record: &record))
        }
        self.histograms = histograms
        var tokens: [Counter?] = []
        for _ in 0..<2 { tokens.append(record.flag() ? store.counter(&record) : nil) }
        self.tokens = tokens
        reasons = NamedCounters(&record, in: store)
        if form > 1 { finishReasons = NamedCounters(&record, in: store) }
        inputs = FeatureCounters(&record, in: store)
        states = ProducerStates(&record, form: form, in: &store, leases: leases, now: now)
        labelCounters = LabelCounters(&record, in: store)
        if record.flag() { lifecycle = ModelLifecycle(&record, names: names, in: store) }
        self.isShown = isShown
        reservedRows = store.value(predictions)
        for direction in 0..<2 {
            if let counter = self.tokens[direction] {
                reservedTokens[direction] = store.value(counter)
            }
        }
    }

    /// The family of a measure's histogram.
    private static func descriptor(of measure: Measure) -> MetricDescriptor? {
        let families = Families.all
        return switch measure {
        case .duration: families.duration
        case .stageQueue, .stagePreprocess, .stageInference, .stagePostprocess, .stagePrefill,
            .stageDecode:
            families.stages
        case .batchSize: families.batchSize
        case .timeToFirstToken: families.timeToFirstToken
        case .timePerOutputToken: families.timePerOutputToken
        case .inputTokens, .outputTokens: families.requestTokens
        case .score: nil
        }
    }

    // MARK: Changed bounds

    /// Uses the new positions of histograms whose bounds have changed.
    func move(_ moves: HistogramMoves) {
        for place in histograms.indices {
            histograms[place] = histograms[place].map(moves.moved)
        }
    }
}
