internal import Kernel
internal import Observation

/// The numbers of one request, or of many alike.
extension EventReader {
    mutating func readMeasures(
        _ event: JSONValue, _ members: KnownFields, _ row: Int, _ weight: UInt64,
        _ batch: inout Batch
    ) throws(EventError) {
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

    /// How many requests the event stands for.
    func weight(_ event: JSONValue, _ members: KnownFields) throws(EventError) -> UInt64 {
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
            throw EventError(
                .badValue, .durationSeconds, "must have counts whose sum is from 1 to 2^53")
        }
        return sum
    }

    /// A number, or `{"values":[...],"counts":[...]}` whose counts add up to `weight`.
    func observe(
        _ event: JSONValue, _ position: Int, _ field: MeasureField, _ row: Int, _ weight: UInt64,
        _ batch: inout Batch
    ) throws(EventError) {
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
            throw EventError(
                .countMismatch, field.key, "has counts that do not add up to the event's count")
        }
    }

    /// The positions of both arrays.
    private func distribution(
        _ event: JSONValue, _ position: Int, _ subject: StaticString
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
                    .wrongType, subject, "must be a number, or an object of values and counts")
            }
            next = event.end(next + 1)
        }
        guard let values, let counts else {
            throw EventError(.missingField, subject, "must hold both values and counts")
        }
        let length = try event.array(values, subject)
        if try event.array(counts, subject) != length {
            throw EventError(.lengthMismatch, subject, "must have as many values as counts")
        }
        if length > limits.events {
            throw EventError(.tooMany, subject, "has more values than a push may have events")
        }
        return (values, counts)
    }

    /// The members of `stages` or `tokens`.
    private mutating func observe(
        _ event: JSONValue, _ position: Int, of fields: [MeasureField], _ subject: StaticString,
        _ row: Int, _ weight: UInt64, _ batch: inout Batch
    ) throws(EventError) {
        try forEachField(event, position, of: fields, subject, &batch) {
            (reader: inout EventReader, field, value, batch: inout Batch) throws(EventError) in
            try reader.observe(event, value, field, row, weight, &batch)
        }
    }

    /// Runs `body` with each of the fields that an object has and the position of its value; null
    /// values are left out, other members are counted.
    mutating func forEachField(
        _ event: JSONValue, _ position: Int, of fields: [MeasureField], _ subject: StaticString,
        _ batch: inout Batch,
        _ body: (inout EventReader, MeasureField, Int, inout Batch) throws(EventError) -> Void
    ) throws(EventError) {
        _ = try event.object(position, subject)
        var met: UInt8 = 0
        var next = position + 1
        let end = event.end(position)
        while next < end {
            let value = next + 1
            if let index = EventReader.index(of: event, next, in: fields) {
                if met & 1 << index != 0 {
                    throw EventError(.duplicateKey, subject, "has a key twice")
                }
                met |= 1 << index
                if !event.isNull(value) { try body(&self, fields[index], value, &batch) }
            } else {
                batch.omissions.unknownFields &+= 1
            }
            next = event.end(value)
        }
    }

    /// Which of the fields a key names.
    private static func index(
        of event: JSONValue, _ position: Int, in fields: [MeasureField]
    ) -> Int? {
        guard event.kind(position) == .key else { return nil }
        let key = event.text(position)
        for index in fields.indices where key.equals(fields[index].key) { return index }
        return nil
    }
}
