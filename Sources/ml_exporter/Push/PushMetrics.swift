internal import Exposition
internal import Intake
internal import Kernel
internal import Observation

/// The metrics about pushes of events.
struct PushMetrics: ~Copyable {
    private let ingestor: EventIngestor
    private let requests: PushRequests
    private let answered = Family(
        "ml_push_requests_total", kind: .counter,
        help: "Requests to the push listener's routes, by route and status code.")
    private let answers: [(path: PushRequests.Path, index: Int, series: Series)]
    private let events = Family(
        "ml_push_events_total", kind: .counter,
        help: "Decoded events by type; each row of a columnar event counts.")
    private let byKind: [(kind: EventKind, series: Series)]
    private let rejected = Family(
        "ml_push_rejected_total", kind: .counter, help: "Events that were rejected, by reason.")
    private let byCode: [(code: RejectionCode, series: Series)]
    private let bytes = UnlabelledMetric(
        "ml_push_bytes_total", kind: .counter, help: "Bytes of pushed bodies before decompression.")
    private let unknownFields = UnlabelledMetric(
        "ml_push_unknown_fields_total", kind: .counter,
        help: "Unknown keys of events, which were ignored.")
    private let droppedFeatures = UnlabelledMetric(
        "ml_push_dropped_features_total", kind: .counter,
        help: "Features beyond the limit of 200 per event, which were dropped.")
    private let timestamps = UnlabelledMetric(
        "ml_push_ignored_timestamps_total", kind: .counter,
        help: "Event timestamps more than 24 hours from now, which were ignored.")
    private let truncated = UnlabelledMetric(
        "ml_push_truncated_texts_total", kind: .counter,
        help: "Reasons and categories beyond their limit of bytes, which were cut.")
    private let duplicates = UnlabelledMetric(
        "ml_push_duplicate_batches_total", kind: .counter,
        help: "Batches that were received again and not applied.")
    private let lost = UnlabelledMetric(
        "ml_push_lost_batches_total", kind: .counter,
        help: "Sequence numbers of producers that were never received.")
    private let costly = UnlabelledMetric(
        "ml_push_costly_bodies_total", kind: .counter,
        help: "Bodies of events that were refused because decoding them took 2 s of CPU time.")
    private let memory = Family(
        "ml_push_memory_bytes", kind: .gauge,
        help: "Memory that pushes in progress take, by what takes it.")
    private let memoryLimit = Family(
        "ml_push_memory_limit_bytes", kind: .gauge,
        help: "Limit of the memory that pushes in progress take, by what takes it.")
    private let memoryRefused = Family(
        "ml_push_memory_refused_total", kind: .counter,
        help: "Pushes that were refused because of ml_push_memory_limit_bytes, by what takes it.")
    private let durations = Family(
        "ml_push_duration_seconds", kind: .histogram,
        help: "Duration of event pushes, from the complete request to the answer.")
    private let durationBounds = BucketBounds(ascending: PushStatistics.durationBounds)
    private let durationLabels = LabelSet([("path", PushRequests.Path.events.name)])
    private let last = Family(
        "ml_push_last_success_timestamp_seconds", kind: .gauge,
        help: "Unix time of the last accepted batch, by the part of Producer-Id before the slash.")
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

    /// Writes one sample that shows that the listener exists; the others begin with the first push.
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
        page.single(truncated, value: Double(statistics.truncatedTexts))
        page.single(duplicates, value: Double(ingestor.producers.duplicates))
        page.single(lost, value: Double(ingestor.producers.lost))
        page.single(costly, value: Double(statistics.costlyBodies))
        writeMemory(to: &page)
        writeDurations(to: &page)
        writeProducers(to: &page)
    }

    private func writeMemory(to page: inout Page) {
        let budgets = [("bodies", ingestor.bodies), ("parsers", ingestor.decoding)]
        let values: [(Family, (ByteBudget) -> Double)] = [
            (memory, { Double($0.taken) }), (memoryLimit, { Double($0.limit) }),
            (memoryRefused, { Double($0.refused) }),
        ]
        for (family, value) in values {
            page.begin(family)
            for (use, budget) in budgets {
                page.sample(Series(family, labels: LabelSet([("use", use)])), value: value(budget))
            }
        }
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
        for (name, time) in known where name != "anonymous" {
            page.sample(series(of: name), value: time)
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
