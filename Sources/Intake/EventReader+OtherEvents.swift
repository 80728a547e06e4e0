internal import Kernel
internal import Observation

extension Key {
    static let ofScope: KeySet = [.type, .model, .version, .variant, .timestamp]
    static let ofLabel: KeySet = [.id, .label, .prediction, .score, .groups]
    static let ofTraining: KeySet = [
        .run, .split, .epoch, .step, .metrics, .featureImportance, .featureStatistics, .status,
        .durationSeconds, .rows,
    ]
    static let ofState: KeySet = [.inFlight, .queueLength]
    static let ofNews: KeySet = [.event, .framework, .gitSHA, .trainedAt]
    static let ofMetric: KeySet = [.name, .kind, .value, .target, .labels, .unit]
}

extension EventReader {
    private func note(_ members: KnownFields, unknownBesides keys: KeySet, _ batch: inout Batch) {
        batch.omissions.unknownFields &+= members.unknown(besides: keys.union(Key.ofScope))
    }

    mutating func readLabel(
        _ event: JSONValue, _ members: KnownFields, _ item: Int, _ batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofLabel, &batch)
        var label = LabelEvent()
        label.item = UInt32(truncatingIfNeeded: item)
        guard let position = members[.label] else {
            throw EventError(.missingField, .label, "is missing: what was true")
        }
        label.label = try answer(event, position, "label", &batch)
        if let position = members[.id] {
            let text = try event.text(position, limits.valueBytes, "id")
            if !text.isEmpty { label.id = batch.keep(text) }
        }
        if let position = members[.prediction] {
            label.prediction = try answer(event, position, "prediction", &batch)
        } else if label.id.isEmpty {
            throw EventError(
                .missingField, .id,
                "is missing: a label needs the id of its prediction, or the prediction"
            )
        }
        if let position = members[.score] { label.score = try event.probability(position, "score") }
        let isJoined = members[.prediction] == nil
        label.scope = try scope(
            event, members, absentVersion: isJoined ? nil : "unversioned", &batch)
        let first = batch.labelGroups.count
        let limits = limits
        if let position = members[.groups] {
            try forEachKey(event, position, "groups", &batch) {
                (facet, value, batch: inout Batch) throws(EventError) in
                batch.appendLabelGroup(facet, try limits.name(event, value, "groups", &batch))
            }
        }
        label.groups = first..<batch.labelGroups.count
        batch.append(label)
    }

    mutating func readTraining(
        _ event: JSONValue, _ members: KnownFields, _ item: Int, _ batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofTraining, &batch)
        var training = TrainingEvent()
        training.item = UInt32(truncatingIfNeeded: item)
        training.scope = try scope(event, members, absentVersion: nil, &batch)
        if let position = members[.run] { training.run = try word(event, position, "run", &batch) }
        if let position = members[.split] {
            training.split = try word(event, position, "split", &batch)
        }
        if let position = members[.epoch] { training.epoch = try event.amount(position, "epoch") }
        if let position = members[.step] { training.step = try event.amount(position, "step") }
        if let position = members[.durationSeconds] {
            training.durationSeconds = try event.amount(position, "duration_seconds")
        }
        if let position = members[.rows] {
            training.rows = Double(try event.whole(position, from: 0, "rows"))
        }
        if let position = members[.status] { training.status = try status(event, position) }
        var first = batch.trainingNumbers.count
        if let position = members[.metrics] {
            try readNumbers(event, position, "metrics", &batch)
        }
        training.metrics = first..<batch.trainingNumbers.count
        first = batch.trainingNumbers.count
        if let position = members[.featureImportance] {
            try readNumbers(event, position, "feature_importance", &batch)
        }
        training.importance = first..<batch.trainingNumbers.count
        first = batch.trainingStatistics.count
        if let position = members[.featureStatistics] {
            try readStatistics(event, position, &batch)
        }
        training.statistics = first..<batch.trainingStatistics.count
        batch.append(training)
    }

    mutating func readState(
        _ event: JSONValue, _ members: KnownFields, _ item: Int, _ batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofState, &batch)
        var state = StateEvent()
        state.item = UInt32(truncatingIfNeeded: item)
        state.scope = try scope(event, members, absentVersion: "unversioned", &batch)
        if let position = members[.inFlight] {
            state.inFlight = try event.amount(position, "in_flight")
        }
        if let position = members[.queueLength] {
            state.queueLength = try event.amount(position, "queue_length")
        }
        batch.append(state)
    }

    mutating func readNews(
        _ event: JSONValue, _ members: KnownFields, _ item: Int, _ batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofNews, &batch)
        var news = ModelEvent()
        news.item = UInt32(truncatingIfNeeded: item)
        news.scope = try scope(event, members, absentVersion: "unversioned", &batch)
        if let position = members[.event] {
            let text = try event.text(position, limits.nameBytes, "event")
            if text.equals("loaded") {
                news.kind = .loaded
            } else if text.equals("unloaded") {
                news.kind = .unloaded
            } else {
                throw EventError(.badValue, .event, "must be loaded or unloaded")
            }
        }
        if let position = members[.framework] {
            news.framework = try word(event, position, "framework", &batch)
        }
        if let position = members[.gitSHA] {
            news.gitSHA = try word(event, position, "git_sha", &batch)
        }
        if let position = members[.trainedAt] {
            news.trainedAt = try event.amount(position, "trained_at")
        }
        batch.append(news)
    }

    mutating func readMetric(
        _ event: JSONValue, _ members: KnownFields, _ item: Int, _ batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofMetric, &batch)
        var metric = MetricEvent()
        metric.item = UInt32(truncatingIfNeeded: item)
        guard let position = members[.name] else {
            throw EventError(.missingField, .name, "is missing: what the metric is called")
        }
        metric.name = try limits.name(event, position, "name", &batch)
        metric.kind = try kind(event, members)
        if let position = members[.value] { metric.value = try event.finite(position, "value") }
        if let position = members[.target] { metric.target = try event.finite(position, "target") }
        if metric.value.isNaN, metric.target.isNaN {
            throw EventError(.missingField, .value, "is missing, and so is target")
        }
        if members[.model] != nil {
            metric.scope = try scope(event, members, absentVersion: nil, &batch)
        }
        if let position = members[.unit] { metric.unit = try word(event, position, "unit", &batch) }
        let first = batch.metricLabels.count
        if let position = members[.labels] { try readLabels(event, position, &batch) }
        metric.labels = first..<batch.metricLabels.count
        batch.append(metric)
    }

    // MARK: Parts

    /// A text that may be empty, which is as if it was absent.
    private func word(
        _ event: JSONValue, _ position: Int, _ subject: StaticString, _ batch: inout Batch
    ) throws(EventError) -> Symbol {
        let text = try event.text(position, limits.nameBytes, subject)
        return text.isEmpty ? .none : batch.intern(text)
    }

    private func status(
        _ event: JSONValue, _ position: Int
    ) throws(EventError) -> TrainingEvent.Status {
        let text = try event.text(position, limits.nameBytes, "status")
        if text.equals("running") { return .running }
        if text.equals("succeeded") { return .succeeded }
        if text.equals("failed") { return .failed }
        throw EventError(.badValue, .status, "must be running, succeeded or failed")
    }

    private func kind(_ event: JSONValue, _ members: KnownFields) throws(EventError)
        -> MetricEvent.Kind
    {
        guard let position = members[.kind] else {
            throw EventError(.missingField, .kind, "is missing: gauge or counter")
        }
        let text = try event.text(position, limits.nameBytes, "kind")
        if text.equals("gauge") { return .gauge }
        if text.equals("counter") { return .counter }
        throw EventError(.badValue, .kind, "must be gauge or counter")
    }

    private mutating func readNumbers(
        _ event: JSONValue, _ position: Int, _ subject: StaticString, _ batch: inout Batch
    ) throws(EventError) {
        try forEachKey(event, position, subject, &batch) {
            (name, value, batch: inout Batch) throws(EventError) in
            batch.append(trainingNumber: try event.finite(value, subject), of: name)
        }
    }

    private mutating func readStatistics(
        _ event: JSONValue, _ position: Int, _ batch: inout Batch
    ) throws(EventError) {
        let subject: StaticString = "feature_statistics"
        try forEachKey(event, position, subject, &batch) {
            (feature, value, batch: inout Batch) throws(EventError) in
            var statistics = TrainingStatistics(feature: feature)
            _ = try event.object(value, subject)
            var next = value + 1
            let end = event.end(value)
            while next < end {
                let key = event.kind(next) == .key ? event.text(next) : Span()
                if event.isNull(next + 1) {
                    next = event.end(next + 1)
                    continue
                }
                if key.equals("mean") {
                    statistics.mean = try event.finite(next + 1, subject)
                } else if key.equals("stddev") {
                    statistics.stddev = try event.finite(next + 1, subject)
                } else if key.equals("median") {
                    statistics.median = try event.finite(next + 1, subject)
                } else {
                    batch.omissions.unknownFields &+= 1
                }
                next = event.end(next + 1)
            }
            batch.append(statistics)
        }
    }

    private mutating func readLabels(
        _ event: JSONValue, _ position: Int, _ batch: inout Batch
    ) throws(EventError) {
        if try event.object(position, "labels") > limits.labels {
            throw EventError(.tooMany, .labels, "has more labels than the limit")
        }
        let limits = limits
        try forEachKey(event, position, "labels", &batch) {
            (name, value, batch: inout Batch) throws(EventError) in
            guard LabelName.isAllowed(batch.bytes(name)) else {
                throw EventError(
                    .badValue, .labels,
                    "must have names of letters, digits and _, and none of ours (model, version, variant, kpi, __...)"
                )
            }
            let text = try event.text(value, limits.valueBytes, "labels")
            if !text.isEmpty { batch.append(metricLabel: name, batch.intern(text)) }
        }
    }
}

/// Names that the labels of a metric may have.
private enum LabelName {
    static func isAllowed(_ name: Span<UInt8>) -> Bool {
        for index in name.indices {
            switch name[index] {
            case 0x41...0x5A, 0x61...0x7A, 0x5F: continue
            case 0x30...0x39 where index > 0: continue
            default: return false
            }
        }
        if name.isEmpty || name.starts(with: "__") { return false }
        let isOurs =
            name.equals("model") || name.equals("version") || name.equals("variant")
            || name.equals("kpi")
        return !isOurs
    }
}
