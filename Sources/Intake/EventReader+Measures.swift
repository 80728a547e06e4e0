internal import Kernel
internal import Observation

/// The measures of one request, or of the `count` requests of one event.
extension EventReader {
    mutating func readMeasures(
        _ event: JSONValue, fields: KnownFields, row: Int, weight: UInt64,
        batch: inout Batch
    ) throws(EventError) {
        if let position = fields[.timeToFirstTokenSeconds] {
            try observe(
                event, position: position, field: .timeToFirstToken, row: row, weight: weight,
                batch: &batch)
        }
        if let position = fields[.timePerOutputTokenSeconds] {
            try observe(
                event, position: position, field: .timePerOutputToken, row: row, weight: weight,
                batch: &batch)
        }
        if let position = fields[.score] {
            try observe(
                event, position: position, field: .score, row: row, weight: weight, batch: &batch)
        }
        if let position = fields[.stages] {
            try observe(
                event, position: position, of: MeasureField.stages, subject: "stages", row: row,
                weight: weight, batch: &batch)
        }
        if let position = fields[.tokens] {
            try observe(
                event, position: position, of: MeasureField.tokens, subject: "tokens", row: row,
                weight: weight, batch: &batch)
        }
    }

    /// The number of requests that the event represents.
    func weight(_ event: JSONValue, fields: KnownFields) throws(EventError) -> UInt64 {
        if let position = fields[.count] {
            return try event.whole(position, rule: .count, subject: "count")
        }
        guard let position = fields[.durationSeconds], event.kind(position) == .object else {
            return 1
        }
        let (_, counts) = try distribution(event, position: position, subject: "duration_seconds")
        var sum: UInt64 = 0
        var next = counts + 1
        for _ in 0..<event.count(counts) {
            sum = sum &+ (try event.whole(next, rule: .part, subject: "duration_seconds"))
            next = event.end(next)
        }
        guard sum >= 1, sum <= 1 << 53 else {
            throw EventError(
                .badValue, key: .durationSeconds,
                rule: "must have counts whose sum is from 1 to 9007199254740992")
        }
        return sum
    }

    /// A number, or `{"values":[...],"counts":[...]}` whose counts add up to `weight`.
    func observe(
        _ event: JSONValue, position: Int, field: MeasureField, row: Int, weight: UInt64,
        batch: inout Batch
    ) throws(EventError) {
        if event.kind(position) != .object {
            let number = try event.number(position, rule: field.rule, subject: field.key)
            batch.observe(field.measure, row: row, value: number, weight: weight)
            return
        }
        let (values, counts) = try distribution(event, position: position, subject: field.key)
        var sum: UInt64 = 0
        var value = values + 1
        var count = counts + 1
        for index in 0..<event.count(values) {
            do throws(EventError) {
                let number = try event.number(value, rule: field.rule, subject: field.key)
                let times = try event.whole(count, rule: .part, subject: field.key)
                // At most 10,000 numbers of at most 2^53: no overflow.
                sum &+= times
                if times > 0 {
                    batch.observe(field.measure, row: row, value: number, weight: times)
                }
            } catch {
                throw error.inElement(index)
            }
            value = event.end(value)
            count = event.end(count)
        }
        if sum != weight {
            throw EventError(
                .countMismatch, subject: field.key,
                rule: "must have counts whose sum is the event's count,",
                limit: Int(clamping: weight), unit: "")
        }
    }

    /// The positions of both arrays.
    private func distribution(
        _ event: JSONValue, position: Int, subject: StaticString
    ) throws(EventError) -> (values: Int, counts: Int) {
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
                throw EventError(
                    .wrongType, subject: subject,
                    rule: "must be a number or an object {\"values\", \"counts\"}",
                    position: position)
            }
            next = event.end(next + 1)
        }
        guard let values, let counts else {
            throw EventError(
                .missingField, subject: subject, rule: "must have both values and counts")
        }
        let length = try event.array(values, subject: subject)
        if try event.array(counts, subject: subject) != length {
            throw EventError(
                .lengthMismatch, subject: subject,
                rule: "must have as many counts as values,", limit: length, unit: "",
                position: counts)
        }
        if length > limits.events {
            throw EventError(
                .tooMany, subject: subject, limit: limits.events, unit: "values",
                position: values)
        }
        return (values, counts)
    }

    /// The members of `stages` or `tokens`.
    private mutating func observe(
        _ event: JSONValue, position: Int, of fields: [MeasureField], subject: StaticString,
        row: Int, weight: UInt64, batch: inout Batch
    ) throws(EventError) {
        try forEachField(event, position: position, of: fields, subject: subject, batch: &batch) {
            (reader: inout EventReader, field, value, batch: inout Batch) throws(EventError) in
            try reader.observe(
                event, position: value, field: field, row: row, weight: weight, batch: &batch)
        }
    }

    /// Calls `body` with each of the fields that an object has and the position of its value. Null
    /// values are skipped; other members are counted as unknown.
    mutating func forEachField(
        _ event: JSONValue, position: Int, of fields: [MeasureField], subject: StaticString,
        batch: inout Batch,
        body: (inout EventReader, MeasureField, Int, inout Batch) throws(EventError) -> Void
    ) throws(EventError) {
        _ = try event.object(position, subject: subject)
        var met: UInt8 = 0
        var next = position + 1
        let end = event.end(position)
        while next < end {
            let value = next + 1
            if let index = EventReader.index(of: event, position: next, in: fields) {
                if met & 1 << index != 0 {
                    throw EventError(.duplicateKey, subject: subject, rule: "is given twice")
                        .inMember(next)
                }
                met |= 1 << index
                do throws(EventError) {
                    if !event.isNull(value) { try body(&self, fields[index], value, &batch) }
                } catch {
                    throw error.inside(subject, member: next)
                }
            } else {
                recordUnknown(
                    event, position: next, inside: subject, near: fields.map(\.key), batch: &batch)
            }
            next = event.end(value)
        }
    }

    /// Which of the fields a key names.
    private static func index(
        of event: JSONValue, position: Int, in fields: [MeasureField]
    ) -> Int? {
        guard event.kind(position) == .key else { return nil }
        let key = event.text(position)
        for index in fields.indices where key.equals(fields[index].key) { return index }
        return nil
    }
}
