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

/// A number that is observed of each request.
struct MeasureField: Sendable {
    let key: StaticString
    let measure: Measure
    let rule: NumberRule

    static let stages = [
        MeasureField(key: "queue", measure: .stageQueue, rule: .amount),
        MeasureField(key: "preprocess", measure: .stagePreprocess, rule: .amount),
        MeasureField(key: "inference", measure: .stageInference, rule: .amount),
        MeasureField(key: "postprocess", measure: .stagePostprocess, rule: .amount),
    ]
    static let tokens = [
        MeasureField(key: "input", measure: .inputTokens, rule: .whole),
        MeasureField(key: "output", measure: .outputTokens, rule: .whole),
    ]
    static let duration = MeasureField(
        key: "duration_seconds", measure: .duration, rule: .amount)
    static let timeToFirstToken = MeasureField(
        key: "time_to_first_token_seconds", measure: .timeToFirstToken, rule: .amount)
    static let timePerOutputToken = MeasureField(
        key: "time_per_output_token_seconds", measure: .timePerOutputToken, rule: .amount)
    static let score = MeasureField(key: "score", measure: .score, rule: .probability)
}

extension EventReader {
    /// An event of one request, of `count` alike, or of columns.
    mutating func readInference(
        _ event: Element, _ members: Members, _ item: Int, _ mark: borrowing Batch.Mark,
        _ batch: inout Batch, _ verdict: inout Verdict
    ) throws(EventProblem) {
        batch.omissions.unknownFields &+= members.unknown(besides: Key.ofInference)
        let scope = try scope(event, members, absentVersion: "unversioned", &batch)
        if let position = members[.columns] {
            if let key = Key.ofInference.subtracting([
                .type, .model, .version, .variant, .timestamp, .columns,
            ]).intersection(members.given).first {
                throw EventProblem(.badValue, key, "must stand in columns when there are columns")
            }
            return try readColumns(event, position, scope, item, mark, &batch, &verdict)
        }
        var outcome = RequestOutcome.ok
        if let position = members[.outcome] { outcome = try self.outcome(event, position) }
        var reason = Name.none
        if let position = members[.reason] { reason = try self.reason(event, position, &batch) }
        if reason.isNone, outcome != .ok { reason = name(of: outcome, &batch) }
        var size: UInt64 = 1
        if let position = members[.batchSize] {
            size = try event.whole(position, from: 1, "batch_size")
        }
        let weight = try weight(event, members)
        let row = batch.nextRow
        batch.openRun(scope, at: mark)
        batch.appendRow(item: item, outcome, reason: reason, weight: weight, size: size)
        if members[.batchSize] != nil {
            batch.observe(.batchSize, row: row, Double(size), weight: weight)
        }
        if let position = members[.durationSeconds] {
            try observe(event, position, .duration, row, weight, &batch)
        }
        if members.given.intersection(Key.seldom).isEmpty { return }
        try readMeasures(event, members, row, weight, &batch)
        try readData(event, members, row, &batch)
    }

    private func readMeasures(
        _ event: Element, _ members: Members, _ row: Int, _ weight: UInt64, _ batch: inout Batch
    ) throws(EventProblem) {
        if let position = members[.timeToFirstTokenSeconds] {
            try observe(event, position, .timeToFirstToken, row, weight, &batch)
        }
        if let position = members[.timePerOutputTokenSeconds] {
            try observe(event, position, .timePerOutputToken, row, weight, &batch)
        }
        if let position = members[.score] {
            try observe(event, position, .score, row, weight, &batch)
        }
        if let position = members[.stages] {
            try observe(event, position, of: MeasureField.stages, "stages", row, weight, &batch)
        }
        if let position = members[.tokens] {
            try observe(event, position, of: MeasureField.tokens, "tokens", row, weight, &batch)
        }
    }

    private mutating func readData(
        _ event: Element, _ members: Members, _ row: Int, _ batch: inout Batch
    ) throws(EventProblem) {
        if let position = members[.features] { try readFeatures(event, position, row, &batch) }
        if let position = members[.prediction] {
            batch.append(
                prediction: try answer(event, position, "prediction", &batch), row: row)
        }
        if let position = members[.scores] {
            try forEachKey(event, position, "scores", &batch) {
                (name, value, batch: inout Batch) throws(EventProblem) in
                batch.append(
                    score: try event.probability(value, "scores"), of: name, row: row)
            }
        }
        let limits = limits
        if let position = members[.groups] {
            try forEachKey(event, position, "groups", &batch) {
                (facet, value, batch: inout Batch) throws(EventProblem) in
                batch.append(
                    group: try limits.name(event, value, "groups", &batch), of: facet, row: row)
            }
        }
        if let position = members[.attributions] {
            try forEachKey(event, position, "attributions", &batch) {
                (feature, value, batch: inout Batch) throws(EventProblem) in
                batch.append(
                    attribution: try event.finite(value, "attributions"), of: feature, row: row)
            }
        }
        if let position = members[.inputErrors] {
            try readInputErrors(event, position, row, &batch)
        }
        if let position = members[.id] {
            let text = try event.text(position, limits.valueBytes, "id")
            if !text.isEmpty { batch.append(id: batch.keep(text), row: row) }
        }
        if let position = members[.traceID] {
            let text = try event.text(position, limits.nameBytes, "trace_id")
            if !text.isEmpty { batch.append(trace: batch.keep(text), row: row) }
        }
    }

    private mutating func readFeatures(
        _ event: Element, _ position: Int, _ row: Int, _ batch: inout Batch
    ) throws(EventProblem) {
        let count = try event.object(position, "features")
        beginKeys()
        var next = position + 1
        for index in 0..<count {
            let value = next + 1
            if index < limits.features {
                let guess = index < lastFeatures.count ? lastFeatures[index] : .none
                let feature = try key(event, next, "features", guess: guess, &batch)
                if index == lastFeatures.count {
                    lastFeatures.append(feature)
                } else {
                    lastFeatures[index] = feature
                }
                if let value = try self.feature(event, value, &batch) {
                    batch.append(feature: feature, row: row, value)
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
        _ event: Element, _ position: Int, _ row: Int, _ batch: inout Batch
    ) throws(EventProblem) {
        let count = try event.array(position, "input_errors")
        if count > limits.entries {
            throw EventProblem(.tooMany, .inputErrors, "has more entries than the limit")
        }
        var next = position + 1
        for _ in 0..<count {
            let (feature, reason) = try inputError(event, next, &batch)
            batch.append(inputError: reason, feature: feature, row: row)
            next = event.end(next)
        }
    }

    /// Runs `body` with each key and the position of its value; null values are left out.
    mutating func forEachKey(
        _ event: Element, _ position: Int, _ subject: StaticString, _ batch: inout Batch,
        _ body: (Name, Int, inout Batch) throws(EventProblem) -> Void
    ) throws(EventProblem) {
        let count = try event.object(position, subject)
        if count > limits.entries {
            throw EventProblem(.tooMany, subject, "has more entries than the limit")
        }
        beginKeys()
        var next = position + 1
        for _ in 0..<count {
            let name = try key(event, next, subject, &batch)
            if !event.isNull(next + 1) { try body(name, next + 1, &batch) }
            next = event.end(next + 1)
        }
    }

    // MARK: Numbers of one request, or of many alike

    /// How many requests the event stands for.
    private func weight(_ event: Element, _ members: Members) throws(EventProblem) -> UInt64 {
        if let position = members[.count] { return try event.whole(position, from: 1, "count") }
        guard let position = members[.durationSeconds], event.kind(position) == .object else {
            return 1
        }
        let (_, counts) = try distribution(event, position, "duration_seconds")
        var sum: UInt64 = 0
        var next = counts + 1
        for _ in 0..<event.count(counts) {
            sum = sum &+ (try event.whole(next, from: 0, "duration_seconds"))
            next = event.end(next)
        }
        guard sum >= 1, sum <= 1 << 53 else {
            throw EventProblem(
                .badValue, .durationSeconds, "must have counts whose sum is from 1 to 2^53")
        }
        return sum
    }

    /// A number, or `{"values":[...],"counts":[...]}` whose counts add up to `weight`.
    private func observe(
        _ event: Element, _ position: Int, _ field: MeasureField, _ row: Int, _ weight: UInt64,
        _ batch: inout Batch
    ) throws(EventProblem) {
        if event.kind(position) != .object {
            let number = try event.number(position, field.rule, field.key)
            batch.observe(field.measure, row: row, number, weight: weight)
            return
        }
        let (values, counts) = try distribution(event, position, field.key)
        var sum: UInt64 = 0
        var value = values + 1
        var count = counts + 1
        for _ in 0..<event.count(values) {
            let number = try event.number(value, field.rule, field.key)
            let times = try event.whole(count, from: 0, field.key)
            // At most 10,000 numbers of at most 2^53: no overflow.
            sum &+= times
            if times > 0 { batch.observe(field.measure, row: row, number, weight: times) }
            value = event.end(value)
            count = event.end(count)
        }
        if sum != weight {
            throw EventProblem(
                .countMismatch, field.key, "has counts that do not add up to the event's count")
        }
    }

    /// The positions of both arrays.
    private func distribution(
        _ event: Element, _ position: Int, _ subject: StaticString
    ) throws(EventProblem) -> (values: Int, counts: Int) {
        var values: Int?
        var counts: Int?
        var next = position + 1
        let end = event.end(position)
        while next < end {
            let key = event.kind(next) == .key ? event.text(next) : Span()
            if key.equals("values"), values == nil {
                values = next + 1
            } else if key.equals("counts"), counts == nil {
                counts = next + 1
            } else {
                throw EventProblem(
                    .wrongType, subject, "must be a number, or an object of values and counts")
            }
            next = event.end(next + 1)
        }
        guard let values, let counts else {
            throw EventProblem(.missingField, subject, "must hold both values and counts")
        }
        let length = try event.array(values, subject)
        if try event.array(counts, subject) != length {
            throw EventProblem(.lengthMismatch, subject, "must have as many values as counts")
        }
        if length > limits.events {
            throw EventProblem(.tooMany, subject, "has more values than a push may have events")
        }
        return (values, counts)
    }

    /// The members of `stages` or `tokens`.
    private func observe(
        _ event: Element, _ position: Int, of fields: [MeasureField], _ subject: StaticString,
        _ row: Int, _ weight: UInt64, _ batch: inout Batch
    ) throws(EventProblem) {
        _ = try event.object(position, subject)
        var met: UInt8 = 0
        var next = position + 1
        let end = event.end(position)
        while next < end {
            let value = next + 1
            if let index = fieldIndex(event, next, fields) {
                if met & 1 << index != 0 {
                    throw EventProblem(.duplicateKey, subject, "has a key twice")
                }
                met |= 1 << index
                if !event.isNull(value) {
                    try observe(event, value, fields[index], row, weight, &batch)
                }
            } else {
                batch.omissions.unknownFields &+= 1
            }
            next = event.end(value)
        }
    }

    /// Which of the fields a key names.
    func fieldIndex(_ event: Element, _ position: Int, _ fields: [MeasureField]) -> Int? {
        guard event.kind(position) == .key else { return nil }
        let key = event.text(position)
        for index in fields.indices where key.equals(fields[index].key) { return index }
        return nil
    }
}
