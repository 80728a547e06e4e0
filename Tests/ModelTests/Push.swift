import Exposition
import Kernel
import Observation
import Series

@testable import Model

/// A push made by hand.
struct Push: ~Copyable {
    var batch = Batch()
    private var items = 0

    /// An event of inference as far as a test says something of it.
    struct Event {
        var model = "fraud"
        var version = "3"
        var variant = ""
        var outcome = RequestOutcome.ok
        var reason = ""
        var seconds: [(value: Double, weight: UInt64)] = []
        var measures: [Measure: Double] = [:]
        var weight: UInt64 = 1
        var size: UInt64 = 1
        var features: [(name: String, value: Given)] = []
        var errors: [(feature: String, reason: InputReason)] = []
        var trace = ""
        var finishReason = ""

        init() {}
    }

    /// A feature's value as it was pushed.
    enum Given {
        case number(Double), text(String), word(String), notFinite, missing
    }

    mutating func name(_ text: String) -> Symbol {
        text.isEmpty ? .none : batch.intern(text.utf8Span.span)
    }

    mutating func scope(_ model: String, version: String, variant: String = "") -> Int {
        let model = name(model)
        let version = name(version)
        let variant = name(variant)
        return batch.scope(model: model, version: version, variant: variant)
    }

    mutating func item() -> UInt32 {
        items += 1
        return UInt32(items - 1)
    }

    mutating func add(_ change: (inout Event) -> Void) {
        var event = Event()
        change(&event)
        let scope = scope(event.model, version: event.version, variant: event.variant)
        let mark = batch.mark
        batch.openRun(scope, at: mark)
        let row = batch.nextRow
        for (value, weight) in event.seconds {
            batch.observe(.duration, row: row, value: value, weight: weight)
        }
        for (measure, value) in event.measures {
            batch.observe(measure, row: row, value: value, weight: event.weight)
        }
        if !event.finishReason.isEmpty {
            batch.append(finishReason: name(event.finishReason), row: row)
        }
        for (feature, given) in event.features {
            let feature = name(feature)
            switch given {
            case .number(let number): batch.append(feature: feature, row: row, value: Value(number))
            case .text(let text):
                let text = batch.store(text.utf8Span.span)
                batch.append(feature: feature, row: row, value: Value(text))
            case .word(let text):
                let text = batch.store(text.utf8Span.span)
                batch.append(feature: feature, row: row, value: Value(text, isNotFinite: true))
            case .notFinite: batch.append(feature: feature, row: row, value: .notFinite)
            case .missing: batch.append(feature: feature, row: row, value: .missing)
            }
        }
        for (feature, reason) in event.errors {
            let feature = name(feature)
            batch.append(inputError: reason, feature: feature, row: row)
        }
        if !event.trace.isEmpty {
            let text = batch.store(event.trace.utf8Span.span)
            batch.append(trace: text, row: row)
        }
        var reason = name(event.reason)
        if reason.isNone, event.outcome != .ok { reason = batch.intern(event.outcome.name) }
        batch.appendRow(
            item: Int(item()), outcome: event.outcome, reason: reason, weight: event.weight,
            size: event.size)
    }

    mutating func add(
        state model: String, version: String, inFlight: Double = .nan, queue: Double = .nan,
        cache: Double = .nan
    ) {
        var state = StateEvent()
        state.item = item()
        state.scope = scope(model, version: version)
        state.inFlight = inFlight
        state.queueLength = queue
        state.cacheUsage = cache
        batch.append(state)
    }

    mutating func add(
        lifecycle model: String, kind: ModelEvent.Change, framework: String = "",
        gitSHA: String = "",
        trainedAt: Double = .nan
    ) {
        var lifecycle = ModelEvent()
        lifecycle.item = item()
        lifecycle.scope = scope(model, version: "3")
        lifecycle.change = kind
        lifecycle.framework = name(framework)
        lifecycle.gitSHA = name(gitSHA)
        lifecycle.trainedAt = trainedAt
        batch.append(lifecycle)
    }

    mutating func add(
        metric text: String, kind: MetricEvent.Shape, value: Double = .nan,
        target: Double = .nan,
        model: String = "", labels: [(name: String, value: String)] = []
    ) {
        var metric = MetricEvent()
        metric.item = item()
        metric.scope = model.isEmpty ? -1 : scope(model, version: "")
        metric.name = name(text)
        metric.shape = kind
        metric.value = value
        metric.target = target
        let start = batch.metricLabels.count
        for label in labels {
            let name = name(label.name)
            batch.append(metricLabel: name, value: self.name(label.value))
        }
        metric.labels = start..<batch.metricLabels.count
        batch.append(metric)
    }

    /// Applies what was added and forgets it.
    mutating func send(
        to models: Models, from producer: UInt64 = 0
    ) -> BatchOutcome {
        var outcome = BatchOutcome()
        models.apply(batch, from: Sender(number: producer, process: nil), outcome: &outcome)
        batch.removeAll()
        items = 0
        return outcome
    }
}

extension Models {
    /// Applies one event.
    @discardableResult
    func take(_ change: (inout Push.Event) -> Void) -> BatchOutcome {
        var push = Push()
        push.add(change)
        return push.send(to: self)
    }

    /// The page as it is now, or `later`.
    func text(_ format: Format = .text, later: Duration = .zero) -> String {
        var page = Page(format: format, body: Buffer(capacity: 4096))
        write(to: &page, now: Clock.monotonicNanoseconds + later.nanoseconds)
        page.finish()
        return page.bytes.string
    }

    /// The samples of the page whose name and labels begin so, without those of the registry.
    func samples(_ prefix: String, later: Duration = .zero) -> [String] {
        text(later: later).split(separator: "\n").map(String.init).filter {
            $0.hasPrefix(prefix)
        }
    }

    /// The value of one series as the page spells it; nil when it is not there.
    func value(_ series: String, later: Duration = .zero) -> String? {
        samples(series + " ", later: later).first.map { String($0.dropFirst(series.count + 1)) }
    }
}
