internal import Kernel
internal import Observation

extension EventReader {
    /// Many events of one scope, as an array per key.
    ///
    /// A mistake in one row costs that row; a mistake in the form, the whole object.
    mutating func readColumns(
        _ event: JSONValue, position: Int, scope: Int, item: Int,
        mark: borrowing Batch.Checkpoint, batch: inout Batch, outcome: inout BatchOutcome
    ) throws(EventError) {
        guard event.kind(position) == .object else {
            throw EventError(.wrongType, key: .columns, rule: "must be an object of arrays")
        }
        let members = try KnownFields(event, position: position, table: table)
        batch.omissions.unknownFields &+= members.unknown(besides: Key.ofColumns)
        columns.removeAll(keepingCapacity: true)
        try findColumns(event, members: members, batch: &batch)
        let count = columns.first.map { event.count($0.position) } ?? 0
        for column in columns where event.count(column.position) != count {
            throw EventError(
                .lengthMismatch, subject: column.subject,
                rule: "must be as long as the other columns")
        }
        guard count <= limits.events - item else {
            throw EventError(
                .eventLimit, key: .columns, rule: "have more rows than a push may have events")
        }
        columnRows.begin(count)
        for index in columns.indices { try check(event, column: columns[index], batch: &batch) }
        batch.openRun(scope, at: mark)
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
        if batch.nextRow == mark.rows {
            // No row is left, so no run is.
            batch.takeBack(to: mark)
        } else {
            for index in columns.indices { fill(event, column: columns[index], batch: &batch) }
        }
        for (row, problem) in columnRows.problems.sorted(by: { $0.row < $1.row }) {
            outcome.reject(item + row, code: problem.code, detail: problem.sentence)
        }
        countItems(upTo: item + count)
    }

    // MARK: Which columns there are

    private mutating func findColumns(
        _ event: JSONValue, members: KnownFields, batch: inout Batch
    ) throws(EventError) {
        let single: [(Key, Column.Content)] = [
            (.outcome, .outcome), (.reason, .reason), (.batchSize, .size),
            (.durationSeconds, .measure(.duration, .amount)),
            (.timeToFirstTokenSeconds, .measure(.timeToFirstToken, .amount)),
            (.timePerOutputTokenSeconds, .measure(.timePerOutputToken, .amount)),
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
        _ event: JSONValue, content: Column.Content, subject: StaticString, position: Int
    ) throws(EventError) {
        guard event.kind(position) == .array else {
            throw EventError(.wrongType, subject: subject, rule: "must be an array, as all columns")
        }
        columns.append(Column(content: content, subject: subject, position: position))
    }

    private mutating func add(
        _ event: JSONValue, fields: [MeasureField], subject: StaticString, position: Int,
        batch: inout Batch
    ) throws(EventError) {
        try forEachField(event, position: position, of: fields, subject: subject, batch: &batch) {
            (reader: inout EventReader, field, value, _: inout Batch) throws(EventError) in
            try reader.add(
                event, content: .measure(field.measure, field.rule), subject: subject,
                position: value)
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
                        event, content: .feature(feature), subject: "features", position: next + 1)
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
            throw EventError(.tooMany, subject: subject, rule: "has more entries than the limit")
        }
        beginKeys()
        var next = position + 1
        for _ in 0..<count {
            let name = try key(event, position: next, subject: subject, batch: &batch)
            if !event.isNull(next + 1) {
                try add(event, content: content(name), subject: subject, position: next + 1)
            }
            next = event.end(next + 1)
        }
    }

    // MARK: First look: what is wrong with which row

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
                columnRows.refuse(row, problem: error)
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
        case .size: columnRows.sizes[row] = try event.whole(value, from: 1, subject: column.subject)
        case .score: _ = try event.probability(value, subject: column.subject)
        case .attribution: _ = try event.finite(value, subject: column.subject)
        case .id: _ = try event.text(value, limit: limits.valueBytes, subject: column.subject)
        case .trace: _ = try event.text(value, limit: limits.nameBytes, subject: column.subject)
        case .timestamp: try note(event, timestamp: value, batch: &batch)
        case .group:
            if try event.text(value, limit: limits.nameBytes, subject: column.subject).isEmpty {
                throw EventError(.badValue, subject: column.subject, rule: "must not be empty")
            }
        case .prediction:
            if event.kind(value) != .number {
                _ = try answer(event, position: value, subject: "prediction", batch: &batch)
            }
        case .inputErrors:
            let count = try event.array(value, subject: column.subject)
            if count > limits.entries {
                throw EventError(
                    .tooMany, subject: column.subject, rule: "has more entries than the limit")
            }
            var next = value + 1
            for _ in 0..<count {
                _ = try inputError(event, position: next, batch: &batch)
                next = event.end(next)
            }
        }
    }

    private func checkFeature(_ event: JSONValue, value: Int) throws(EventError) {
        switch event.kind(value) {
        case .number, .largeNumber, .yes, .no, .badString: return
        case .string: _ = try event.text(value, limit: limits.valueBytes, subject: "features")
        default:
            throw EventError(
                .wrongType, key: .features, rule: "must hold numbers, strings, booleans and null")
        }
    }

    // MARK: Second look: what goes into the batch

    private func fill(_ event: JSONValue, column: Column, batch: inout Batch) {
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

    /// The value is one that `check` has let through.
    private func fill(
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
            if event.count(value) > 0 { batch.append(id: batch.keep(event.text(value)), row: row) }
        case .trace:
            if event.count(value) > 0 {
                batch.append(trace: batch.keep(event.text(value)), row: row)
            }
        case .inputErrors: try? readInputErrors(event, position: value, row: row, batch: &batch)
        case .size: batch.observe(.batchSize, row: row, value: event.number(value))
        case .outcome, .reason, .timestamp, .measure: return
        }
    }
}

extension Key {
    static let ofColumns: KeySet = Key.ofInference.subtracting([
        .type, .model, .version, .variant, .columns, .count,
    ])
}
