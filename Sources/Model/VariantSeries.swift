internal import Exposition
internal import Kernel
internal import Observation
internal import Series

/// The series of one variant of a model version: who they are in its ledger. The version's lock
/// guards it.
final class VariantSeries {
    /// `model`, `version` and, where there is one, `variant`.
    let names: [(name: String, value: String)]
    let labels: Labels
    let requests: [Counter]
    let predictions: Counter
    let inputRows: Counter
    let invalidRows: Counter
    /// By `Measure.rawValue`; all but the duration's come with their first number.
    private(set) var histograms: [Histogram?]
    private(set) var tokens: [Counter?] = [nil, nil]
    private var reasons = NameTable()
    private var reasonCounters: [Counter] = []
    /// Where errors of further reasons go.
    private var otherReasons: Counter?
    let inputs: FeatureCounters
    /// Whether something has been counted, so that the known series stand on the page.
    private(set) var isShown = false
    var states = ProducerStates()
    var truths = LabelCounters()
    var news: ModelLifecycle?

    /// Nil when there is no room; `refusal` then says why.
    init?(
        _ names: [(name: String, value: String)], in ledger: inout SeriesStore,
        refusal: inout DropReason?
    ) {
        let families = Families.all
        let outcomes = RequestOutcome.allCases
        let known = outcomes.filter { $0 != .ok }
        refusal = ledger.reserve(
            outcomes.count + known.count + 3 + ledger.cost(families.duration))
        if refusal != nil { return nil }
        self.names = names
        inputs = FeatureCounters()
        labels = ledger.keep(LabelSet(names))
        predictions = ledger.counter(families.predictions, labels)
        inputRows = ledger.counter(families.inputRows, labels)
        invalidRows = ledger.counter(families.invalidRows, labels)
        histograms = Measure.allCases.map { _ in nil }
        let duration = ledger.histogram(families.duration, labels)
        histograms[Measure.duration.rawValue] = duration
        var requests: [Counter] = []
        for outcome in outcomes {
            let labels = ledger.keep(LabelSet(names + [("outcome", "\(outcome.name)")]))
            requests.append(ledger.counter(families.requests, labels))
        }
        self.requests = requests
        for reason in known {
            let name = "\(reason.name)"
            _ = reasons.add(name.utf8Span.span)
            let labels = ledger.keep(LabelSet(names + [("reason", name)]))
            reasonCounters.append(ledger.counter(families.errors, labels))
        }
    }

    /// Lets the series that are known from the start begin at 0.
    func show(in ledger: inout SeriesStore) {
        if isShown { return }
        isShown = true
        if let duration = histograms[Measure.duration.rawValue] { ledger.show(duration) }
        for counter in requests { ledger.show(counter) }
        for counter in reasonCounters { ledger.show(counter) }
        for counter in [predictions, inputRows, invalidRows] { ledger.show(counter) }
    }

    // MARK: Series that come with their first number

    /// Makes sure that a measure has a place. The batch's scores have none yet.
    func reserve(_ measure: Measure, in ledger: inout SeriesStore) -> DropReason? {
        let families = Families.all
        switch measure {
        case .duration, .score: return nil
        case .inputTokens: return reserveTokens(0, "input", in: &ledger)
        case .outputTokens: return reserveTokens(1, "output", in: &ledger)
        case .stageQueue: return reserve(measure, families.stages, "queue", in: &ledger)
        case .stagePreprocess: return reserve(measure, families.stages, "preprocess", in: &ledger)
        case .stageInference: return reserve(measure, families.stages, "inference", in: &ledger)
        case .stagePostprocess:
            return reserve(measure, families.stages, "postprocess", in: &ledger)
        case .batchSize: return reserve(measure, families.batchSize, nil, in: &ledger)
        case .timeToFirstToken: return reserve(measure, families.timeToFirstToken, nil, in: &ledger)
        case .timePerOutputToken:
            return reserve(measure, families.timePerOutputToken, nil, in: &ledger)
        }
    }

    private func reserve(
        _ measure: Measure, _ instrument: MetricDescriptor, _ stage: String?,
        in ledger: inout SeriesStore
    ) -> DropReason? {
        if histograms[measure.rawValue] != nil { return nil }
        if let refusal = ledger.reserve(ledger.cost(instrument)) { return refusal }
        let labels = stage.map { ledger.keep(LabelSet(names + [("stage", $0)])) } ?? self.labels
        histograms[measure.rawValue] = ledger.histogram(instrument, labels)
        return nil
    }

    private func reserveTokens(
        _ direction: Int, _ name: String, in ledger: inout SeriesStore
    ) -> DropReason? {
        if tokens[direction] != nil { return nil }
        if let refusal = ledger.reserve(1) { return refusal }
        let labels = ledger.keep(LabelSet(names + [("direction", name)]))
        tokens[direction] = ledger.counter(Families.all.tokens, labels)
        return nil
    }

    /// Makes sure that a reason has a place, its own or that of `other`.
    func reserve(
        reason: Span<UInt8>, in ledger: inout SeriesStore, _ limits: SeriesLimits
    ) -> DropReason? {
        if reasons.number(of: reason) != nil { return nil }
        let isOther = reason.equals("other")
        let isBeyond = reasons.count >= limits.reasons
        if isBeyond || isOther, otherReasons != nil { return nil }
        if let refusal = ledger.reserve(1) { return refusal }
        let name = isBeyond ? "other" : reason.string
        let labels = ledger.keep(LabelSet(names + [("reason", name)]))
        let counter = ledger.counter(Families.all.errors, labels)
        if isBeyond || isOther {
            otherReasons = counter
        } else {
            _ = reasons.add(reason)
            reasonCounters.append(counter)
        }
        return nil
    }

    /// The counter of a reason, nil for one beyond the limit.
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
        truths.write(to: &record)
        record.write(optional: news) { $0.write(to: &$1) }
    }

    init(
        _ record: inout ByteReader, _ names: [(name: String, value: String)],
        in ledger: inout SeriesStore, _ leases: Leases, now: UInt64
    ) {
        self.names = names
        let isShown = record.flag()
        labels = ledger.labels(&record)
        var requests: [Counter] = []
        for _ in RequestOutcome.allCases { requests.append(ledger.counter(&record)) }
        self.requests = requests
        predictions = ledger.counter(&record)
        inputRows = ledger.counter(&record)
        invalidRows = ledger.counter(&record)
        var histograms: [Histogram?] = []
        for measure in Measure.allCases {
            let isThere = record.flag()
            guard isThere, let instrument = VariantSeries.instrument(of: measure) else {
                if isThere { record.damage() }
                histograms.append(nil)
                continue
            }
            histograms.append(ledger.histogram(instrument, &record))
        }
        self.histograms = histograms
        var tokens: [Counter?] = []
        for _ in 0..<2 { tokens.append(record.flag() ? ledger.counter(&record) : nil) }
        self.tokens = tokens
        reasons = NameTable(&record)
        for _ in 0..<reasons.count { reasonCounters.append(ledger.counter(&record)) }
        if record.flag() { otherReasons = ledger.counter(&record) }
        inputs = FeatureCounters(&record, in: ledger)
        states = ProducerStates(&record, in: &ledger, leases, now: now)
        truths = LabelCounters(&record, in: ledger)
        if record.flag() { news = ModelLifecycle(&record, names, in: ledger) }
        self.isShown = isShown
    }

    /// The family of a measure's histogram.
    private static func instrument(of measure: Measure) -> MetricDescriptor? {
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

    // MARK: Other bounds

    func move(_ moves: HistogramMoves) {
        for place in histograms.indices {
            histograms[place] = histograms[place].map(moves.moved)
        }
    }
}
