internal import Kernel
internal import Observation

extension Key {
    static let ofInference: KeySet = [
        .type, .model, .version, .variant, .timestamp, .outcome, .reason, .durationSeconds,
        .stages, .batchSize, .tokens, .timeToFirstTokenSeconds, .timePerOutputTokenSeconds,
        .features, .prediction, .score, .scores, .groups, .inputErrors, .attributions, .id,
        .traceID, .columns, .count,
    ]
    /// What most events do not have.
    static let seldom: KeySet = [
        .stages, .tokens, .timeToFirstTokenSeconds, .timePerOutputTokenSeconds, .features,
        .prediction, .score, .scores, .groups, .inputErrors, .attributions, .id, .traceID,
    ]
}

extension EventReader {
    /// An event of one request, of `count` alike, or of columns.
    mutating func readInference(
        _ event: JSONValue, members: KnownFields, item: Int, mark: borrowing Batch.Checkpoint,
        batch: inout Batch, outcome: inout BatchOutcome
    ) throws(EventError) {
        batch.omissions.unknownFields &+= members.unknown(besides: Key.ofInference)
        let scope = try scope(event, members: members, absentVersion: "unversioned", batch: &batch)
        if let position = members[.columns] {
            if let key = Key.ofInference.subtracting([
                .type, .model, .version, .variant, .timestamp, .columns,
            ]).intersection(members.given).first {
                throw EventError(
                    .badValue, key: key, rule: "must stand in columns when there are columns")
            }
            return try readColumns(
                event, position: position, scope: scope, item: item, mark: mark, batch: &batch,
                outcome: &outcome)
        }
        var outcome = RequestOutcome.ok
        if let position = members[.outcome] {
            outcome = try self.outcome(event, position: position)
        }
        var reason = Symbol.none
        if let position = members[.reason] {
            reason = try self.reason(event, position: position, batch: &batch)
        }
        if reason.isNone, outcome != .ok { reason = name(of: outcome, batch: &batch) }
        var size: UInt64 = 1
        if let position = members[.batchSize] {
            size = try event.whole(position, from: 1, subject: "batch_size")
        }
        let weight = try weight(event, members: members)
        let row = batch.nextRow
        batch.openRun(scope, at: mark)
        batch.appendRow(item: item, outcome: outcome, reason: reason, weight: weight, size: size)
        if members[.batchSize] != nil {
            batch.observe(.batchSize, row: row, value: Double(size), weight: weight)
        }
        if let position = members[.durationSeconds] {
            try observe(
                event, position: position, field: .duration, row: row, weight: weight, batch: &batch
            )
        }
        if members.given.intersection(Key.seldom).isEmpty { return }
        try readMeasures(event, members: members, row: row, weight: weight, batch: &batch)
        try readData(event, members: members, row: row, batch: &batch)
    }

    private mutating func readData(
        _ event: JSONValue, members: KnownFields, row: Int, batch: inout Batch
    ) throws(EventError) {
        if let position = members[.features] {
            try readFeatures(event, position: position, row: row, batch: &batch)
        }
        if let position = members[.prediction] {
            batch.append(
                prediction: try answer(
                    event, position: position, subject: "prediction", batch: &batch), row: row)
        }
        if let position = members[.scores] {
            try forEachKey(event, position: position, subject: "scores", batch: &batch) {
                (name, value, batch: inout Batch) throws(EventError) in
                batch.append(
                    score: try event.probability(value, subject: "scores"), of: name, row: row)
            }
        }
        let limits = limits
        if let position = members[.groups] {
            try forEachKey(event, position: position, subject: "groups", batch: &batch) {
                (facet, value, batch: inout Batch) throws(EventError) in
                batch.append(
                    group: try limits.name(
                        event, position: value, subject: "groups", batch: &batch), of: facet,
                    row: row)
            }
        }
        if let position = members[.attributions] {
            try forEachKey(event, position: position, subject: "attributions", batch: &batch) {
                (feature, value, batch: inout Batch) throws(EventError) in
                batch.append(
                    attribution: try event.finite(value, subject: "attributions"), of: feature,
                    row: row)
            }
        }
        if let position = members[.inputErrors] {
            try readInputErrors(event, position: position, row: row, batch: &batch)
        }
        if let position = members[.id] {
            let text = try event.text(position, limit: limits.valueBytes, subject: "id")
            if !text.isEmpty { batch.append(id: batch.keep(text), row: row) }
        }
        if let position = members[.traceID] {
            let text = try event.text(position, limit: limits.nameBytes, subject: "trace_id")
            if !text.isEmpty { batch.append(trace: batch.keep(text), row: row) }
        }
    }

    private mutating func readFeatures(
        _ event: JSONValue, position: Int, row: Int, batch: inout Batch
    ) throws(EventError) {
        let count = try event.object(position, subject: "features")
        beginKeys()
        var next = position + 1
        for index in 0..<count {
            let value = next + 1
            if index < limits.features {
                let guess = index < lastFeatures.count ? lastFeatures[index] : .none
                let feature = try key(
                    event, position: next, subject: "features", guess: guess, batch: &batch)
                if index == lastFeatures.count {
                    lastFeatures.append(feature)
                } else {
                    lastFeatures[index] = feature
                }
                if let value = try self.feature(event, position: value, batch: &batch) {
                    batch.append(feature: feature, row: row, value: value)
                } else {
                    batch.append(inputError: .invalidUTF8, feature: feature, row: row)
                }
            } else {
                batch.omissions.features &+= 1
            }
            next = event.end(value)
        }
    }

    func readInputErrors(
        _ event: JSONValue, position: Int, row: Int, batch: inout Batch
    ) throws(EventError) {
        let count = try event.array(position, subject: "input_errors")
        if count > limits.entries {
            throw EventError(.tooMany, key: .inputErrors, rule: "has more entries than the limit")
        }
        var next = position + 1
        for _ in 0..<count {
            let (feature, reason) = try inputError(event, position: next, batch: &batch)
            batch.append(inputError: reason, feature: feature, row: row)
            next = event.end(next)
        }
    }

    /// Runs `body` with each key and the position of its value; null values are left out.
    mutating func forEachKey(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch,
        body: (Symbol, Int, inout Batch) throws(EventError) -> Void
    ) throws(EventError) {
        let count = try event.object(position, subject: subject)
        if count > limits.entries {
            throw EventError(.tooMany, subject: subject, rule: "has more entries than the limit")
        }
        beginKeys()
        var next = position + 1
        for _ in 0..<count {
            let name = try key(event, position: next, subject: subject, batch: &batch)
            if !event.isNull(next + 1) { try body(name, next + 1, &batch) }
            next = event.end(next + 1)
        }
    }
}
