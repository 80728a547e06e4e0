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
    private var reasons = NameTable()
    private var reasonCounters: [Counter] = []
    /// The counter of the reasons beyond the limit, label `reason="other"`.
    private var otherReasons: Counter?
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
            _ = reasons.add(name.utf8Span.span)
            let labels = store.store(LabelSet(names + [("reason", name)]))
            reasonCounters.append(store.counter(families.errors, labels: labels))
        }
    }

    /// Shows the series that every variant has, at 0.
    func show(in store: inout SeriesStore) {
        if isShown { return }
        isShown = true
        if let duration = histograms[Measure.duration.rawValue] { store.show(duration) }
        for counter in requests { store.show(counter) }
        for counter in reasonCounters { store.show(counter) }
        for counter in [predictions, inputRows, invalidRows] { store.show(counter) }
    }

    // MARK: Series that are made with their first value

    /// Makes the series of a measure. Returns the limit that is reached, or nil. Scores have no series yet.
    func reserve(_ measure: Measure, in store: inout SeriesStore) -> DropReason? {
        let families = Families.all
        switch measure {
        case .duration, .score: return nil
        case .inputTokens: return reserveTokens(0, name: "input", in: &store)
        case .outputTokens: return reserveTokens(1, name: "output", in: &store)
        case .stageQueue:
            return reserve(measure, descriptor: families.stages, stage: "queue", in: &store)
        case .stagePreprocess:
            return reserve(measure, descriptor: families.stages, stage: "preprocess", in: &store)
        case .stageInference:
            return reserve(measure, descriptor: families.stages, stage: "inference", in: &store)
        case .stagePostprocess:
            return reserve(measure, descriptor: families.stages, stage: "postprocess", in: &store)
        case .batchSize:
            return reserve(measure, descriptor: families.batchSize, stage: nil, in: &store)
        case .timeToFirstToken:
            return reserve(measure, descriptor: families.timeToFirstToken, stage: nil, in: &store)
        case .timePerOutputToken:
            return reserve(measure, descriptor: families.timePerOutputToken, stage: nil, in: &store)
        }
    }

    private func reserve(
        _ measure: Measure, descriptor: MetricDescriptor, stage: String?,
        in store: inout SeriesStore
    ) -> DropReason? {
        if histograms[measure.rawValue] != nil { return nil }
        if let refusal = store.reserve(store.cost(descriptor)) { return refusal }
        let labels = stage.map { store.store(LabelSet(names + [("stage", $0)])) } ?? self.labels
        histograms[measure.rawValue] = store.histogram(descriptor, labels: labels)
        return nil
    }

    private func reserveTokens(
        _ direction: Int, name: String, in store: inout SeriesStore
    ) -> DropReason? {
        if tokens[direction] != nil { return nil }
        if let refusal = store.reserve(1) { return refusal }
        let labels = store.store(LabelSet(names + [("direction", name)]))
        tokens[direction] = store.counter(Families.all.tokens, labels: labels)
        return nil
    }

    /// Makes the series of a reason, or of `other`. Returns the limit that is reached, or nil.
    func reserve(
        reason: Span<UInt8>, in store: inout SeriesStore, limit: Int
    ) -> DropReason? {
        if reasons.number(of: reason) != nil { return nil }
        let isOther = reason.equals("other")
        let isBeyond = reasons.count >= limit
        if isBeyond || isOther, otherReasons != nil { return nil }
        if let refusal = store.reserve(1) { return refusal }
        let name = isBeyond ? "other" : reason.string
        let labels = store.store(LabelSet(names + [("reason", name)]))
        let counter = store.counter(Families.all.errors, labels: labels)
        if isBeyond || isOther {
            otherReasons = counter
        } else {
            _ = reasons.add(reason)
            reasonCounters.append(counter)
        }
        return nil
    }

    /// The counter of a reason; nil for a reason beyond the limit.
    func counter(of reason: Span<UInt8>) -> Counter? {
        if let number = reasons.number(of: reason) { return reasonCounters[number] }
        return reason.equals("other") ? otherReasons : nil
    }

    /// The counter of all reasons beyond the limit.
    var beyond: Counter? { otherReasons }

    // MARK: Records

    func write(to record: inout ByteWriter) {
        record.write(isShown)
        record.write(labels)
        for counter in requests { record.write(counter) }
        record.write(predictions)
        record.write(inputRows)
        record.write(invalidRows)
        for histogram in histograms { record.write(optional: histogram) { $1.write($0) } }
        for counter in tokens { record.write(optional: counter) { $1.write($0) } }
        reasons.write(to: &record)
        for counter in reasonCounters { record.write(counter) }
        record.write(optional: otherReasons) { $1.write($0) }
        inputs.write(to: &record)
        states.write(to: &record)
        labelCounters.write(to: &record)
        record.write(optional: lifecycle) { $0.write(to: &$1) }
    }

    init(
        _ record: inout ByteReader, names: [(name: String, value: String)],
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
        for measure in Measure.allCases {
            let isThere = record.flag()
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
        reasons = NameTable(&record)
        for _ in 0..<reasons.count { reasonCounters.append(store.counter(&record)) }
        if record.flag() { otherReasons = store.counter(&record) }
        inputs = FeatureCounters(&record, in: store)
        states = ProducerStates(&record, in: &store, leases: leases, now: now)
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
        case .stageQueue, .stagePreprocess, .stageInference, .stagePostprocess: families.stages
        case .batchSize: families.batchSize
        case .timeToFirstToken: families.timeToFirstToken
        case .timePerOutputToken: families.timePerOutputToken
        case .inputTokens, .outputTokens, .score: nil
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
