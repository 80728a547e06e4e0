internal import Kernel
internal import Observation

extension EventReader {
    /// Many events of one scope, as an array per key.
    ///
    /// A wrong value refuses its row; a wrong form refuses the object.
    mutating func readColumns(
        _ source: borrowing EventSource, position: Int, scope: Int, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let (event, item) = (source.value, source.item)
        guard event.kind(position) == .object else {
            throw EventError(
                .wrongType, key: .columns, rule: "must be an object of arrays", position: position)
        }
        let members = try KnownFields(event, position: position, table: table)
        recordUnknown(
            event, position: position, fields: members, besides: Key.ofColumns, inside: "columns",
            batch: &batch)
        columns.removeAll(keepingCapacity: true)
        try findColumns(event, members: members, batch: &batch)
        let count = columns.first.map { event.count($0.position) } ?? 0
        for column in columns where event.count(column.position) != count {
            throw EventReader.error(
                EventError(
                    .lengthMismatch, subject: column.subject,
                    rule: "must have as many elements as the first column,", limit: count, unit: "",
                    position: column.position), in: column)
        }
        guard count <= limits.events - item else {
            throw EventError(
                .eventLimit, subject: "columns",
                rule: "must not take the push beyond its limit of", limit: limits.events,
                unit: "events")
        }
        columnRows.begin(count)
        for index in columns.indices { try check(event, column: columns[index], batch: &batch) }
        batch.openRun(scope, at: source.mark)
        for row in 0..<count {
            columnRows.rows.append(batch.nextRow)
            if columnRows.isRefused[row] { continue }
            let outcome = columnRows.outcomes[row]
            var reason = columnRows.reasons[row]
            if reason.isNone, outcome != .ok { reason = name(of: outcome, batch: &batch) }
            batch.appendRow(
                item: item + row, outcome: outcome, reason: reason, weight: 1,
                size: columnRows.sizes[row])
        }
        if batch.nextRow == source.mark.rows {
            // Without a row there must be no run.
            batch.rollBack(to: source.mark)
        } else {
            for index in columns.indices { fill(event, column: columns[index], batch: &batch) }
            batch.sortInputErrors(after: source.mark)
        }
        for (row, problem) in columnRows.problems.sorted(by: { $0.row < $1.row }) {
            outcome.reject(
                item + row, code: problem.code,
                detail: problem.sentence(in: event, prefix: "columns.", row: row))
        }
        countItems(upTo: item + count)
    }

    // MARK: Finding the columns

    private mutating func findColumns(
        _ event: JSONValue, members: KnownFields, batch: inout Batch
    ) throws(EventError) {
        let single: [(Key, Column.Content)] = [
            (.outcome, .outcome), (.reason, .reason), (.batchSize, .size),
            (.durationSeconds, .measure(.duration, .seconds)),
            (.timeToFirstTokenSeconds, .measure(.timeToFirstToken, .seconds)),
            (.timePerOutputTokenSeconds, .measure(.timePerOutputToken, .seconds)),
            (.finishReason, .finishReason),
            (.score, .measure(.score, .probability)), (.prediction, .prediction),
            (.inputErrors, .inputErrors), (.id, .id), (.traceID, .trace),
            (.timestamp, .timestamp),
        ]
        for (key, content) in single {
            if let position = members[key] {
                try add(event, content: content, subject: key.text, position: position)
            }
        }
        if let position = members[.stages] {
            try add(
                event, fields: MeasureField.stages, subject: "stages", position: position,
                batch: &batch)
        }
        if let position = members[.tokens] {
            try add(
                event, fields: MeasureField.tokens, subject: "tokens", position: position,
                batch: &batch)
        }
        if let position = members[.features] {
            try addFeatures(event, position: position, batch: &batch)
        }
        if let position = members[.scores] {
            try addNamed(event, position: position, subject: "scores", batch: &batch) { .score($0) }
        }
        if let position = members[.groups] {
            try addNamed(event, position: position, subject: "groups", batch: &batch) { .group($0) }
        }
        if let position = members[.attributions] {
            try addNamed(event, position: position, subject: "attributions", batch: &batch) {
                .attribution($0)
            }
        }
    }

    private mutating func add(
        _ event: JSONValue, content: Column.Content, subject: StaticString, position: Int,
        member: Int? = nil
    ) throws(EventError) {
        let column = Column(
            content: content, subject: subject, position: position, member: member)
        guard event.kind(position) == .array else {
            throw EventReader.error(
                EventError(
                    .wrongType, subject: subject,
                    rule: "must be an array, as all columns are", position: position), in: column)
        }
        columns.append(column)
    }

    private mutating func add(
        _ event: JSONValue, fields: [MeasureField], subject: StaticString, position: Int,
        batch: inout Batch
    ) throws(EventError) {
        try forEachField(event, position: position, of: fields, subject: subject, batch: &batch) {
            (reader: inout EventReader, field, value, _: inout Batch) throws(EventError) in
            try reader.add(
                event, content: .measure(field.measure, field.rule), subject: subject,
                position: value, member: value - 1)
        }
    }

    private mutating func addFeatures(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) {
        let count = try event.object(position, subject: "features")
        beginKeys()
        var next = position + 1
        for index in 0..<count {
            if index < limits.features {
                let feature = try key(event, position: next, subject: "features", batch: &batch)
                if !event.isNull(next + 1) {
                    try add(
                        event, content: .feature(feature), subject: "features",
                        position: next + 1, member: next)
                }
            } else if event.kind(next + 1) == .array {
                batch.omissions.features &+= UInt64(event.count(next + 1))
            }
            next = event.end(next + 1)
        }
    }

    private mutating func addNamed(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch,
        content: (Symbol) -> Column.Content
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
            if !event.isNull(next + 1) {
                try add(
                    event, content: content(name), subject: subject, position: next + 1,
                    member: next)
            }
            next = event.end(next + 1)
        }
    }

    // MARK: First pass: check the rows

    private mutating func check(
        _ event: JSONValue, column: Column, batch: inout Batch
    ) throws(EventError) {
        var position = column.position + 1
        for row in 0..<columnRows.count {
            let value = position
            position = event.end(position)
            if event.isNull(value) { continue }
            do throws(EventError) {
                try check(event, value: value, row: row, column: column, batch: &batch)
            } catch {
                columnRows.refuse(row, problem: EventReader.error(error, in: column))
            }
        }
    }

    @inline(__always)
    private mutating func check(
        _ event: JSONValue, value: Int, row: Int, column: Column, batch: inout Batch
    ) throws(EventError) {
        switch column.content {
        case .measure(_, let rule): _ = try event.number(value, rule: rule, subject: column.subject)
        case .feature: try checkFeature(event, value: value)
        case .outcome: columnRows.outcomes[row] = try outcome(event, position: value)
        case .reason: columnRows.reasons[row] = try reason(event, position: value, batch: &batch)
        case .finishReason: _ = try finishReason(event, position: value, batch: &batch)
        case .size:
            columnRows.sizes[row] = try event.whole(
                value, rule: .batchSize, subject: column.subject)
        case .score:
            _ = try event.number(value, rule: .probability, subject: column.subject)
        case .attribution:
            _ = try event.number(value, rule: .finite, subject: column.subject)
        case .id: _ = try event.text(value, limit: limits.valueBytes, subject: column.subject)
        case .trace: _ = try event.text(value, limit: limits.nameBytes, subject: column.subject)
        case .timestamp: try checkTimestamp(event, position: value, batch: &batch)
        case .group:
            if try event.text(value, limit: limits.nameBytes, subject: column.subject).isEmpty {
                throw EventError(
                    .badValue, subject: column.subject, rule: "must not be empty", position: value)
            }
        case .prediction:
            if event.kind(value) != .number {
                _ = try answer(event, position: value, subject: "prediction", batch: &batch)
            }
        case .inputErrors:
            // The size of the row is known: its column comes first.
            try forEachInputError(
                event, position: value, size: columnRows.sizes[row], batch: &batch
            ) { _, _ in }
        }
    }

    private func checkFeature(_ event: JSONValue, value: Int) throws(EventError) {
        switch event.kind(value) {
        case .number, .largeNumber, .yes, .no, .badString, .string: return
        default: throw EventReader.notAFeature(value)
        }
    }

    /// An error with the place of its column: `features.age`.
    private static func error(_ error: EventError, in column: Column) -> EventError {
        guard let member = column.member else { return error }
        return error.inMember(member)
    }

    // MARK: Second pass: fill the batch

    private mutating func fill(_ event: JSONValue, column: Column, batch: inout Batch) {
        if case .measure(let measure, _) = column.content {
            fill(event, column: column, measure: measure, batch: &batch)
            return
        }
        var position = column.position + 1
        for row in 0..<columnRows.count {
            let value = position
            position = event.end(position)
            if columnRows.isRefused[row] { continue }
            fill(event, value: value, row: columnRows.rows[row], column: column, batch: &batch)
        }
    }

    private func fill(
        _ event: JSONValue, column: Column, measure: Measure, batch: inout Batch
    ) {
        var position = column.position + 1
        for row in 0..<columnRows.count {
            let value = position
            position = event.end(position)
            if event.kind(value) != .number || columnRows.isRefused[row] { continue }
            batch.observe(measure, row: columnRows.rows[row], value: event.number(value))
        }
    }

    /// `check` has accepted the value.
    private mutating func fill(
        _ event: JSONValue, value: Int, row: Int, column: Column, batch: inout Batch
    ) {
        if event.isNull(value) {
            if case .feature(let feature) = column.content {
                batch.append(feature: feature, row: row, value: .missing)
            }
            return
        }
        switch column.content {
        case .feature(let feature):
            guard let found = try? self.feature(event, position: value, batch: &batch) else {
                batch.append(inputError: .invalidUTF8, feature: feature, row: row)
                return
            }
            batch.append(feature: feature, row: row, value: found)
        case .prediction:
            if let found = try? answer(event, position: value, subject: "prediction", batch: &batch)
            {
                batch.append(prediction: found, row: row)
            }
        case .score(let name): batch.append(score: event.number(value), of: name, row: row)
        case .attribution(let name):
            batch.append(attribution: event.number(value), of: name, row: row)
        case .group(let facet):
            batch.append(group: batch.intern(event.text(value)), of: facet, row: row)
        case .id:
            if event.count(value) > 0 { batch.append(id: batch.store(event.text(value)), row: row) }
        case .trace:
            if event.count(value) > 0 {
                batch.append(trace: batch.store(event.text(value)), row: row)
            }
        case .finishReason:
            // A text that was cut was counted by the check.
            let omissions = batch.omissions
            if let reason = try? finishReason(event, position: value, batch: &batch), !reason.isNone
            {
                batch.append(finishReason: reason, row: row)
            }
            batch.omissions = omissions
        case .inputErrors:
            // Unknown keys were counted by the check.
            let omissions = batch.omissions
            try? forEachInputError(event, position: value, size: .max, batch: &batch) {
                entry, batch in
                batch.append(
                    inputError: entry.reason, feature: entry.feature, row: row,
                    rows: UInt32(clamping: entry.rows))
            }
            batch.omissions = omissions
        case .size: batch.observe(.batchSize, row: row, value: event.number(value))
        case .outcome, .reason, .timestamp, .measure: return
        }
    }
}

extension Key {
    /// The keys inside `columns`.
    static let ofColumns: KeySet = InferenceRows.keys.subtracting([.columns, .count]).union([
        .timestamp
    ])
}
