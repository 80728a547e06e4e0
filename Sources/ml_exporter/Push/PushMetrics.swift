internal import Exposition
internal import Intake
internal import Observation

/// What the pushes of events tell about themselves.
struct PushMetrics: ~Copyable {
    private let ingestor: EventIngestor
    private let requests: PushRequests
    private let answered = Family(
        "ml_push_requests_total", kind: .counter,
        help: "Requests to the push listener's routes, by route and status code.")
    private let answers: [(path: PushRequests.Path, index: Int, series: Series)]
    private let events = Family(
        "ml_push_events_total", kind: .counter,
        help: "Events that were decoded, rows of columns one by one, by type.")
    private let byKind: [(kind: EventKind, series: Series)]
    private let rejected = Family(
        "ml_push_rejected_total", kind: .counter, help: "Events that were refused, by reason.")
    private let byCode: [(code: RejectionCode, series: Series)]
    private let bytes = UnlabelledMetric(
        "ml_push_bytes_total", kind: .counter, help: "Bytes of pushed bodies as they came.")
    private let unknownFields = UnlabelledMetric(
        "ml_push_unknown_fields_total", kind: .counter,
        help: "Keys of events that are not known and were ignored.")
    private let droppedFeatures = UnlabelledMetric(
        "ml_push_dropped_features_total", kind: .counter,
        help: "Features beyond the 200 that one event may have.")
    private let timestamps = UnlabelledMetric(
        "ml_push_ignored_timestamps_total", kind: .counter,
        help: "Times of events that were more than 24 hours from now.")
    private let duplicates = UnlabelledMetric(
        "ml_push_duplicate_batches_total", kind: .counter,
        help: "Batches that came once more and were not applied again.")
    private let lost = UnlabelledMetric(
        "ml_push_lost_batches_total", kind: .counter,
        help: "Sequence numbers of producers that never came.")
    private let durations = Family(
        "ml_push_duration_seconds", kind: .histogram,
        help: "How long pushes of events took from the whole request to the answer.")
    private let durationBounds = BucketBounds(ascending: PushStatistics.durationBounds)
    private let durationLabels = LabelSet([("path", PushRequests.Path.events.name)])
    private let last = Family(
        "ml_push_last_success_timestamp_seconds", kind: .gauge,
        help: "When a producer's batch was accepted last.")
    private var byProducer: [String: Series] = [:]

    init(_ ingestor: EventIngestor, requests: PushRequests) {
        self.ingestor = ingestor
        self.requests = requests
        let (answered, events, rejected) = (answered, events, rejected)
        answers = PushRequests.Path.allCases.flatMap { path in
            PushRequests.statuses.enumerated().map { index, status in
                let code = status == 0 ? "other" : String(status)
                let labels = LabelSet([("path", path.name), ("code", code)])
                return (path, index, Series(answered, labels: labels))
            }
        }
        byKind = EventKind.allCases.map {
            ($0, Series(events, labels: LabelSet([("type", "\($0.name)")])))
        }
        byCode = RejectionCode.allCases.map {
            ($0, Series(rejected, labels: LabelSet([("reason", "\($0.name)")])))
        }
    }

    /// Writes that the listener is there; what it tells begins with the first push.
    func writePresence(to page: inout Page) {
        page.begin(answered)
        if let first = answers.first { page.sample(first.series, value: 0) }
    }

    mutating func write(to page: inout Page) {
        let statistics = ingestor.statistics
        page.begin(answered)
        for (path, index, series) in answers {
            let count = requests.answers(path, index: index)
            if count > 0 || (path == .events && index == 0) {
                page.sample(series, value: Double(count))
            }
        }
        page.begin(events)
        for (kind, series) in byKind { page.sample(series, value: Double(statistics.events(kind))) }
        page.begin(rejected)
        for (code, series) in byCode {
            page.sample(series, value: Double(statistics.rejected(code)))
        }
        page.single(bytes, value: Double(statistics.bytes))
        page.single(unknownFields, value: Double(statistics.unknownFields))
        page.single(droppedFeatures, value: Double(statistics.droppedFeatures))
        page.single(timestamps, value: Double(statistics.ignoredTimestamps))
        page.single(duplicates, value: Double(ingestor.producers.duplicates))
        page.single(lost, value: Double(ingestor.producers.lost))
        writeDurations(to: &page)
        writeProducers(to: &page)
    }

    private func writeDurations(to page: inout Page) {
        let counts = (0..<durationBounds.bucketCount).map(ingestor.statistics.durations)
        page.begin(durations)
        let labels = durationLabels.bytes
        page.histogram(
            durations, labels: labels.span, bounds: durationBounds, counts: counts.span,
            sum: ingestor.statistics.durationSeconds)
    }

    private mutating func writeProducers(to page: inout Page) {
        let known = ingestor.producers.successes
        let anonymous = ingestor.lastAnonymousSuccess
        if known.isEmpty && anonymous == 0 { return }
        page.begin(last)
        if anonymous > 0 { page.sample(series(of: "anonymous"), value: anonymous) }
        for (producer, time) in known where producer != "anonymous" {
            page.sample(series(of: producer), value: time)
        }
        if byProducer.count > 2 * known.count + 64 { byProducer.removeAll() }
    }

    private mutating func series(of producer: String) -> Series {
        if let known = byProducer[producer] { return known }
        let series = Series(last, labels: LabelSet([("producer", producer)]))
        byProducer[producer] = series
        return series
    }
}
