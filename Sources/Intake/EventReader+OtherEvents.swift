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
    private func note(_ members: KnownFields, unknownBesides keys: KeySet, batch: inout Batch) {
        batch.omissions.unknownFields &+= members.unknown(besides: keys.union(Key.ofScope))
    }

    mutating func readLabel(
        _ event: JSONValue, members: KnownFields, item: Int, batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofLabel, batch: &batch)
        var label = LabelEvent()
        label.item = UInt32(truncatingIfNeeded: item)
        guard let position = members[.label] else {
            throw EventError(.missingField, key: .label, rule: "is missing: what was true")
        }
        label.label = try answer(event, position: position, subject: "label", batch: &batch)
        if let position = members[.id] {
            let text = try event.text(position, limit: limits.valueBytes, subject: "id")
            if !text.isEmpty { label.id = batch.keep(text) }
        }
        if let position = members[.prediction] {
            label.prediction = try answer(
                event, position: position, subject: "prediction", batch: &batch)
        } else if label.id.isEmpty {
            throw EventError(
                .missingField, key: .id,
                rule: "is missing: a label needs the id of its prediction, or the prediction"
            )
        }
        if let position = members[.score] {
            label.score = try event.probability(position, subject: "score")
        }
        let isJoined = members[.prediction] == nil
        label.scope = try scope(
            event, members: members, absentVersion: isJoined ? nil : "unversioned", batch: &batch)
        let first = batch.labelGroups.count
        let limits = limits
        if let position = members[.groups] {
            try forEachKey(event, position: position, subject: "groups", batch: &batch) {
                (facet, value, batch: inout Batch) throws(EventError) in
                batch.appendLabelGroup(
                    facet,
                    group: try limits.name(event, position: value, subject: "groups", batch: &batch)
                )
            }
        }
        label.groups = first..<batch.labelGroups.count
        batch.append(label)
    }

    mutating func readTraining(
        _ event: JSONValue, members: KnownFields, item: Int, batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofTraining, batch: &batch)
        var training = TrainingEvent()
        training.item = UInt32(truncatingIfNeeded: item)
        training.scope = try scope(event, members: members, absentVersion: nil, batch: &batch)
        if let position = members[.run] {
            training.run = try word(event, position: position, subject: "run", batch: &batch)
        }
        if let position = members[.split] {
            training.split = try word(event, position: position, subject: "split", batch: &batch)
        }
        if let position = members[.epoch] {
            training.epoch = try event.amount(position, subject: "epoch")
        }
        if let position = members[.step] {
            training.step = try event.amount(position, subject: "step")
        }
        if let position = members[.durationSeconds] {
            training.durationSeconds = try event.amount(position, subject: "duration_seconds")
        }
        if let position = members[.rows] {
            training.rows = Double(try event.whole(position, from: 0, subject: "rows"))
        }
        if let position = members[.status] {
            training.status = try status(event, position: position)
        }
        var first = batch.trainingNumbers.count
        if let position = members[.metrics] {
            try readNumbers(event, position: position, subject: "metrics", batch: &batch)
        }
        training.metrics = first..<batch.trainingNumbers.count
        first = batch.trainingNumbers.count
        if let position = members[.featureImportance] {
            try readNumbers(event, position: position, subject: "feature_importance", batch: &batch)
        }
        training.importance = first..<batch.trainingNumbers.count
        first = batch.trainingStatistics.count
        if let position = members[.featureStatistics] {
            try readStatistics(event, position: position, batch: &batch)
        }
        training.statistics = first..<batch.trainingStatistics.count
        batch.append(training)
    }

    mutating func readState(
        _ event: JSONValue, members: KnownFields, item: Int, batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofState, batch: &batch)
        var state = StateEvent()
        state.item = UInt32(truncatingIfNeeded: item)
        state.scope = try scope(
            event, members: members, absentVersion: "unversioned", batch: &batch)
        if let position = members[.inFlight] {
            state.inFlight = try event.amount(position, subject: "in_flight")
        }
        if let position = members[.queueLength] {
            state.queueLength = try event.amount(position, subject: "queue_length")
        }
        batch.append(state)
    }

    mutating func readNews(
        _ event: JSONValue, members: KnownFields, item: Int, batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofNews, batch: &batch)
        var lifecycle = ModelEvent()
        lifecycle.item = UInt32(truncatingIfNeeded: item)
        lifecycle.scope = try scope(
            event, members: members, absentVersion: "unversioned", batch: &batch)
        if let position = members[.event] {
            let text = try event.text(position, limit: limits.nameBytes, subject: "event")
            if text.equals("loaded") {
                lifecycle.kind = .loaded
            } else if text.equals("unloaded") {
                lifecycle.kind = .unloaded
            } else {
                throw EventError(.badValue, key: .event, rule: "must be loaded or unloaded")
            }
        }
        if let position = members[.framework] {
            lifecycle.framework = try word(
                event, position: position, subject: "framework", batch: &batch)
        }
        if let position = members[.gitSHA] {
            lifecycle.gitSHA = try word(
                event, position: position, subject: "git_sha", batch: &batch)
        }
        if let position = members[.trainedAt] {
            lifecycle.trainedAt = try event.amount(position, subject: "trained_at")
        }
        batch.append(lifecycle)
    }

    mutating func readMetric(
        _ event: JSONValue, members: KnownFields, item: Int, batch: inout Batch
    ) throws(EventError) {
        note(members, unknownBesides: Key.ofMetric, batch: &batch)
        var metric = MetricEvent()
        metric.item = UInt32(truncatingIfNeeded: item)
        guard let position = members[.name] else {
            throw EventError(
                .missingField, key: .name, rule: "is missing: what the metric is called")
        }
        metric.name = try limits.name(event, position: position, subject: "name", batch: &batch)
        metric.kind = try kind(event, members: members)
        if let position = members[.value] {
            metric.value = try event.finite(position, subject: "value")
        }
        if let position = members[.target] {
            metric.target = try event.finite(position, subject: "target")
        }
        if metric.value.isNaN, metric.target.isNaN {
            throw EventError(.missingField, key: .value, rule: "is missing, and so is target")
        }
        if members[.model] != nil {
            metric.scope = try scope(event, members: members, absentVersion: nil, batch: &batch)
        }
        if let position = members[.unit] {
            metric.unit = try word(event, position: position, subject: "unit", batch: &batch)
        }
        let first = batch.metricLabels.count
        if let position = members[.labels] {
            try readLabels(event, position: position, batch: &batch)
        }
        metric.labels = first..<batch.metricLabels.count
        batch.append(metric)
    }

    // MARK: Parts

    /// A text that may be empty, which is as if it was absent.
    private func word(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Symbol {
        let text = try event.text(position, limit: limits.nameBytes, subject: subject)
        return text.isEmpty ? .none : batch.intern(text)
    }

    private func status(
        _ event: JSONValue, position: Int
    ) throws(EventError) -> TrainingEvent.Status {
        let text = try event.text(position, limit: limits.nameBytes, subject: "status")
        if text.equals("running") { return .running }
        if text.equals("succeeded") { return .succeeded }
        if text.equals("failed") { return .failed }
        throw EventError(.badValue, key: .status, rule: "must be running, succeeded or failed")
    }

    private func kind(_ event: JSONValue, members: KnownFields) throws(EventError)
        -> MetricEvent.Kind
    {
        guard let position = members[.kind] else {
            throw EventError(.missingField, key: .kind, rule: "is missing: gauge or counter")
        }
        let text = try event.text(position, limit: limits.nameBytes, subject: "kind")
        if text.equals("gauge") { return .gauge }
        if text.equals("counter") { return .counter }
        throw EventError(.badValue, key: .kind, rule: "must be gauge or counter")
    }

    private mutating func readNumbers(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) {
        try forEachKey(event, position: position, subject: subject, batch: &batch) {
            (name, value, batch: inout Batch) throws(EventError) in
            batch.append(trainingNumber: try event.finite(value, subject: subject), of: name)
        }
    }

    private mutating func readStatistics(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) {
        let subject: StaticString = "feature_statistics"
        try forEachKey(event, position: position, subject: subject, batch: &batch) {
            (feature, value, batch: inout Batch) throws(EventError) in
            var statistics = TrainingStatistics(feature: feature)
            _ = try event.object(value, subject: subject)
            var next = value + 1
            let end = event.end(value)
            while next < end {
                let key = event.kind(next) == .key ? event.text(next) : Span()
                if event.isNull(next + 1) {
                    next = event.end(next + 1)
                    continue
                }
                if key.equals("mean") {
                    statistics.mean = try event.finite(next + 1, subject: subject)
                } else if key.equals("stddev") {
                    statistics.stddev = try event.finite(next + 1, subject: subject)
                } else if key.equals("median") {
                    statistics.median = try event.finite(next + 1, subject: subject)
                } else {
                    batch.omissions.unknownFields &+= 1
                }
                next = event.end(next + 1)
            }
            batch.append(statistics)
        }
    }

    private mutating func readLabels(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) {
        if try event.object(position, subject: "labels") > limits.labels {
            throw EventError(.tooMany, key: .labels, rule: "has more labels than the limit")
        }
        let limits = limits
        try forEachKey(event, position: position, subject: "labels", batch: &batch) {
            (name, value, batch: inout Batch) throws(EventError) in
            guard LabelName.isAllowed(batch.bytes(name)) else {
                throw EventError(
                    .badValue, key: .labels,
                    rule:
                        "must have names of letters, digits and _, and none of ours (model, version, variant, kpi, __...)"
                )
            }
            let text = try event.text(value, limit: limits.valueBytes, subject: "labels")
            if !text.isEmpty { batch.append(metricLabel: name, value: batch.intern(text)) }
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
