internal import Kernel
internal import Observation

extension EventReader {
    /// Many events of one scope, as an array per key.
    ///
    /// A mistake in one row costs that row; a mistake in the form, the whole object.
    mutating func readColumns(
        _ event: JSONValue, _ position: Int, _ scope: Int, _ item: Int,
        _ mark: borrowing Batch.Checkpoint, _ batch: inout Batch, _ verdict: inout BatchOutcome
    ) throws(EventError) {
        guard event.kind(position) == .object else {
            throw EventError(.wrongType, .columns, "must be an object of arrays")
        }
        let members = try KnownFields(event, position, table)
        batch.omissions.unknownFields &+= members.unknown(besides: Key.ofColumns)
        columns.removeAll(keepingCapacity: true)
        try findColumns(event, members, &batch)
        let count = columns.first.map { event.count($0.position) } ?? 0
        for column in columns where event.count(column.position) != count {
            throw EventError(
                .lengthMismatch, column.subject, "must be as long as the other columns")
        }
        guard count <= limits.events - item else {
            throw EventError(.eventLimit, .columns, "have more rows than a push may have events")
        }
        columnRows.begin(count)
        for index in columns.indices { try check(event, columns[index], &batch) }
        batch.openRun(scope, at: mark)
        for row in 0..<count {
            columnRows.rows.append(batch.nextRow)
            if columnRows.isRefused[row] { continue }
            let outcome = columnRows.outcomes[row]
            var reason = columnRows.reasons[row]
            if reason.isNone, outcome != .ok { reason = name(of: outcome, &batch) }
            batch.appendRow(
                item: item + row, outcome, reason: reason, weight: 1, size: columnRows.sizes[row])
        }
        if batch.nextRow == mark.rows {
            // No row is left, so no run is.
            batch.takeBack(to: mark)
        } else {
            for index in columns.indices { fill(event, columns[index], &batch) }
        }
        for (row, problem) in columnRows.problems.sorted(by: { $0.row < $1.row }) {
            verdict.reject(item + row, problem.code, problem.sentence)
        }
        countItems(upTo: item + count)
    }

    // MARK: Which columns there are

    private mutating func findColumns(
        _ event: JSONValue, _ members: KnownFields, _ batch: inout Batch
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
            if let position = members[key] { try add(event, content, key.text, position) }
        }
        if let position = members[.stages] {
            try add(event, MeasureField.stages, "stages", position, &batch)
        }
        if let position = members[.tokens] {
            try add(event, MeasureField.tokens, "tokens", position, &batch)
        }
        if let position = members[.features] {
            try addFeatures(event, position, &batch)
        }
        if let position = members[.scores] {
            try addNamed(event, position, "scores", &batch) { .score($0) }
        }
        if let position = members[.groups] {
            try addNamed(event, position, "groups", &batch) { .group($0) }
        }
        if let position = members[.attributions] {
            try addNamed(event, position, "attributions", &batch) { .attribution($0) }
        }
    }

    private mutating func add(
        _ event: JSONValue, _ content: Column.Content, _ subject: StaticString, _ position: Int
    ) throws(EventError) {
        guard event.kind(position) == .array else {
            throw EventError(.wrongType, subject, "must be an array, as all columns")
        }
        columns.append(Column(content: content, subject: subject, position: position))
    }

    private mutating func add(
        _ event: JSONValue, _ fields: [MeasureField], _ subject: StaticString, _ position: Int,
        _ batch: inout Batch
    ) throws(EventError) {
        try forEachField(event, position, of: fields, subject, &batch) {
            (reader: inout EventReader, field, value, _: inout Batch) throws(EventError) in
            try reader.add(event, .measure(field.measure, field.rule), subject, value)
        }
    }

    private mutating func addFeatures(
        _ event: JSONValue, _ position: Int, _ batch: inout Batch
    ) throws(EventError) {
        let count = try event.object(position, "features")
        beginKeys()
        var next = position + 1
        for index in 0..<count {
            if index < limits.features {
                let feature = try key(event, next, "features", &batch)
                if !event.isNull(next + 1) {
                    try add(event, .feature(feature), "features", next + 1)
                }
            } else if event.kind(next + 1) == .array {
                batch.omissions.features &+= UInt64(event.count(next + 1))
            }
            next = event.end(next + 1)
        }
    }

    private mutating func addNamed(
        _ event: JSONValue, _ position: Int, _ subject: StaticString, _ batch: inout Batch,
        _ content: (Symbol) -> Column.Content
    ) throws(EventError) {
        let count = try event.object(position, subject)
        if count > limits.entries {
            throw EventError(.tooMany, subject, "has more entries than the limit")
        }
        beginKeys()
        var next = position + 1
        for _ in 0..<count {
            let name = try key(event, next, subject, &batch)
            if !event.isNull(next + 1) { try add(event, content(name), subject, next + 1) }
            next = event.end(next + 1)
        }
    }

    // MARK: First look: what is wrong with which row

    private mutating func check(
        _ event: JSONValue, _ column: Column, _ batch: inout Batch
    ) throws(EventError) {
        var position = column.position + 1
        for row in 0..<columnRows.count {
            let value = position
            position = event.end(position)
            if event.isNull(value) { continue }
            do throws(EventError) {
                try check(event, value, row, column, &batch)
            } catch {
                columnRows.refuse(row, error)
            }
        }
    }

    @inline(__always)
    private mutating func check(
        _ event: JSONValue, _ value: Int, _ row: Int, _ column: Column, _ batch: inout Batch
    ) throws(EventError) {
        switch column.content {
        case .measure(_, let rule): _ = try event.number(value, rule, column.subject)
        case .feature: try checkFeature(event, value)
        case .outcome: columnRows.outcomes[row] = try outcome(event, value)
        case .reason: columnRows.reasons[row] = try reason(event, value, &batch)
        case .size: columnRows.sizes[row] = try event.whole(value, from: 1, column.subject)
        case .score: _ = try event.probability(value, column.subject)
        case .attribution: _ = try event.finite(value, column.subject)
        case .id: _ = try event.text(value, limits.valueBytes, column.subject)
        case .trace: _ = try event.text(value, limits.nameBytes, column.subject)
        case .timestamp: try note(event, timestamp: value, &batch)
        case .group:
            if try event.text(value, limits.nameBytes, column.subject).isEmpty {
                throw EventError(.badValue, column.subject, "must not be empty")
            }
        case .prediction:
            if event.kind(value) != .number { _ = try answer(event, value, "prediction", &batch) }
        case .inputErrors:
            let count = try event.array(value, column.subject)
            if count > limits.entries {
                throw EventError(.tooMany, column.subject, "has more entries than the limit")
            }
            var next = value + 1
            for _ in 0..<count {
                _ = try inputError(event, next, &batch)
                next = event.end(next)
            }
        }
    }

    private func checkFeature(_ event: JSONValue, _ value: Int) throws(EventError) {
        switch event.kind(value) {
        case .number, .largeNumber, .yes, .no, .badString: return
        case .string: _ = try event.text(value, limits.valueBytes, "features")
        default:
            throw EventError(
                .wrongType, .features, "must hold numbers, strings, booleans and null")
        }
    }

    // MARK: Second look: what goes into the batch

    private func fill(_ event: JSONValue, _ column: Column, _ batch: inout Batch) {
        if case .measure(let measure, _) = column.content {
            fill(event, column, measure, &batch)
            return
        }
        var position = column.position + 1
        for row in 0..<columnRows.count {
            let value = position
            position = event.end(position)
            if columnRows.isRefused[row] { continue }
            fill(event, value, columnRows.rows[row], column, &batch)
        }
    }

    private func fill(
        _ event: JSONValue, _ column: Column, _ measure: Measure, _ batch: inout Batch
    ) {
        var position = column.position + 1
        for row in 0..<columnRows.count {
            let value = position
            position = event.end(position)
            if event.kind(value) != .number || columnRows.isRefused[row] { continue }
            batch.observe(measure, row: columnRows.rows[row], event.number(value))
        }
    }

    /// The value is one that `check` has let through.
    private func fill(
        _ event: JSONValue, _ value: Int, _ row: Int, _ column: Column, _ batch: inout Batch
    ) {
        if event.isNull(value) {
            if case .feature(let feature) = column.content {
                batch.append(feature: feature, row: row, .missing)
            }
            return
        }
        switch column.content {
        case .feature(let feature):
            guard let found = try? self.feature(event, value, &batch) else {
                batch.append(inputError: .invalidUTF8, feature: feature, row: row)
                return
            }
            batch.append(feature: feature, row: row, found)
        case .prediction:
            if let found = try? answer(event, value, "prediction", &batch) {
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
        case .inputErrors: try? readInputErrors(event, value, row, &batch)
        case .size: batch.observe(.batchSize, row: row, event.number(value))
        case .outcome, .reason, .timestamp, .measure: return
        }
    }
}

extension Key {
    static let ofColumns: KeySet = Key.ofInference.subtracting([
        .type, .model, .version, .variant, .columns, .count,
    ])
}
