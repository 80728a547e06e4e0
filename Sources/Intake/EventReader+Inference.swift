internal import Kernel
internal import Observation

extension Key {
    /// Keys that most events lack: one test skips them all.
    static let seldom: KeySet = [
        .stages, .tokens, .timeToFirstTokenSeconds, .timePerOutputTokenSeconds, .finishReason,
        .features, .prediction, .score, .scores, .groups, .inputErrors, .attributions, .id,
        .traceID,
    ]
}

extension InferenceRows: ReadableEvent {
    static let keys: KeySet = [
        .outcome, .reason, .durationSeconds, .stages, .batchSize, .tokens,
        .timeToFirstTokenSeconds, .timePerOutputTokenSeconds, .finishReason, .features,
        .prediction, .score,
        .scores, .groups, .inputErrors, .attributions, .id, .traceID, .columns, .count,
    ]

    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        try reader.readInference(source, batch: &batch, outcome: &outcome)
    }
}

extension EventReader {
    /// An event of one request, of `count` requests, or of columns.
    mutating func readInference(
        _ source: borrowing EventSource, batch: inout Batch, outcome: inout BatchOutcome
    ) throws(EventError) {
        let (event, members) = (source.value, source.fields)
        let scope = try scope(event, fields: members, absentVersion: "unversioned", batch: &batch)
        if let position = members[.columns] {
            if let key = InferenceRows.keys.subtracting([.columns]).intersection(members.given)
                .first
            {
                throw EventError(
                    .badValue, key: key, rule: "must be inside columns if the event has columns")
            }
            return try readColumns(
                source, position: position, scope: scope, batch: &batch, outcome: &outcome)
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
            size = try event.whole(position, rule: .batchSize, subject: "batch_size")
        }
        let weight = try weight(event, fields: members)
        let row = batch.nextRow
        batch.openRun(scope, at: source.mark)
        batch.appendRow(
            item: source.item, outcome: outcome, reason: reason, weight: weight, size: size)
        if members[.batchSize] != nil {
            batch.observe(.batchSize, row: row, value: Double(size), weight: weight)
        }
        if let position = members[.durationSeconds] {
            try observe(
                event, position: position, field: .duration, row: row, weight: weight, batch: &batch
            )
        }
        if members.given.intersection(Key.seldom).isEmpty { return }
        try readMeasures(event, fields: members, row: row, weight: weight, batch: &batch)
        try readData(event, fields: members, row: row, size: size, batch: &batch)
    }

    private mutating func readData(
        _ event: JSONValue, fields members: KnownFields, row: Int, size: UInt64,
        batch: inout Batch
    ) throws(EventError) {
        if let position = members[.finishReason] {
            let reason = try finishReason(event, position: position, batch: &batch)
            if !reason.isNone { batch.append(finishReason: reason, row: row) }
        }
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
                    score: try event.number(value, rule: .probability, subject: "scores"), of: name,
                    row: row)
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
                    attribution: try event.number(value, rule: .finite, subject: "attributions"),
                    of: feature,
                    row: row)
            }
        }
        if let position = members[.inputErrors] {
            try forEachInputError(event, position: position, size: size, batch: &batch) {
                entry, batch in
                batch.append(
                    inputError: entry.reason, feature: entry.feature, row: row,
                    rows: UInt32(clamping: entry.rows))
            }
        }
        if let position = members[.id] {
            let text = try event.text(position, limit: limits.valueBytes, subject: "id")
            if !text.isEmpty { batch.append(id: batch.store(text), row: row) }
        }
        if let position = members[.traceID] {
            let text = try event.text(position, limit: limits.nameBytes, subject: "trace_id")
            if !text.isEmpty { batch.append(trace: batch.store(text), row: row) }
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
                do throws(EventError) {
                    if let value = try self.feature(event, position: value, batch: &batch) {
                        batch.append(feature: feature, row: row, value: value)
                    } else {
                        batch.append(inputError: .invalidUTF8, feature: feature, row: row)
                    }
                } catch {
                    throw error.inMember(next)
                }
            } else {
                batch.omissions.features &+= 1
            }
            next = event.end(value)
        }
    }

    /// Calls `body` with each key and the position of its value. Null values are skipped.
    mutating func forEachKey(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch,
        body: (Symbol, Int, inout Batch) throws(EventError) -> Void
    ) throws(EventError) {
        let count = try event.object(position, subject: subject)
        if count > limits.entries {
            throw EventError(
                .tooMany, subject: subject, limit: limits.entries, unit: "entries",
                position: position)
        }
        beginKeys()
        var next = position + 1
        for _ in 0..<count {
            let name = try key(event, position: next, subject: subject, batch: &batch)
            do throws(EventError) {
                if !event.isNull(next + 1) { try body(name, next + 1, &batch) }
            } catch {
                throw error.inMember(next)
            }
            next = event.end(next + 1)
        }
    }
}
