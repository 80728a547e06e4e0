package import Wire

/// The rows of inference events, which a batch holds in columns.
package enum InferenceRows: BatchEvents {
    package static var kind: EventKind { .inference }

    package static func count(in batch: borrowing Batch) -> Int { batch.items.count }

    package static func removeAll(from batch: inout Batch) {
        batch.runs.removeAll(keepingCapacity: true)
        batch.items.removeAll(keepingCapacity: true)
        batch.outcomes.removeAll(keepingCapacity: true)
        batch.reasons.removeAll(keepingCapacity: true)
        batch.weights.removeAll(keepingCapacity: true)
        batch.sizes.removeAll(keepingCapacity: true)
        for index in batch.observations.indices {
            batch.observations[index].removeAll(keepingCapacity: true)
        }
        batch.features.removeAll(keepingCapacity: true)
        batch.numberColumns.removeAll(keepingCapacity: true)
        batch.numbers.removeAll(keepingCapacity: true)
        batch.predictions.removeAll(keepingCapacity: true)
        batch.scores.removeAll(keepingCapacity: true)
        batch.groups.removeAll(keepingCapacity: true)
        batch.inputErrors.removeAll(keepingCapacity: true)
        batch.attributions.removeAll(keepingCapacity: true)
        batch.ids.removeAll(keepingCapacity: true)
        batch.traces.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        // A row has an item (4), an outcome (1), a reason (4), a weight (8) and a size (8).
        var bytes = batch.items.capacity * 25
        for index in batch.observations.indices {
            bytes += batch.observations[index].capacity * MemoryLayout<Observation>.stride
        }
        bytes += batch.features.capacity * MemoryLayout<FeatureValue>.stride
        bytes += batch.numberColumns.capacity * MemoryLayout<NumberColumn>.stride
        bytes += batch.numbers.capacity * MemoryLayout<Double>.stride
        bytes += batch.predictions.capacity * MemoryLayout<Prediction>.stride
        bytes +=
            (batch.scores.capacity + batch.attributions.capacity)
            * MemoryLayout<NamedNumber>.stride
        bytes += batch.groups.capacity * MemoryLayout<GroupTag>.stride
        bytes += batch.inputErrors.capacity * MemoryLayout<InputError>.stride
        bytes += (batch.ids.capacity + batch.traces.capacity) * MemoryLayout<RowText>.stride
        return bytes + batch.runs.capacity * MemoryLayout<Batch.ScopeRun>.stride
    }

    // MARK: Records

    /// Lists that are not in records: nothing is computed from them, and they say what models were given.
    private static let unwritten = [
        Measure.score.rawValue, ListCounts.predictions, ListCounts.scores, ListCounts.groups,
        ListCounts.attributions, ListCounts.ids,
    ]

    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(count: batch.items.count)
        for row in batch.items.indices {
            record.write(UInt64(batch.items[row]))
            record.write(UInt64(batch.outcomes[row].rawValue))
            record.write(batch.reasons[row])
            record.write(batch.weights[row])
            record.write(batch.sizes[row])
        }
        for measure in batch.observations.indices {
            let list = measure == Measure.score.rawValue ? [] : batch.observations[measure]
            record.write(list) { observation, record in
                record.write(UInt64(observation.row))
                record.write(observation.value)
                record.write(observation.weight)
            }
        }
        record.write(count: batch.runs.count)
        for run in batch.runs { record.write(count: run.row) }
        writeFeatureKinds(batch, to: &record)
        record.write(batch.inputErrors) { error, record in
            record.write(UInt64(error.row))
            record.write(error.feature)
            record.write(UInt64(error.reason.rawValue))
            record.write(UInt64(error.rows))
        }
        record.write(batch.traces) { text, record in
            record.write(UInt64(text.row))
            record.write(text.text)
        }
        // In records numbers of columns are features as all others are.
        var features = 0
        record.write(count: batch.runs.count)
        for (number, run) in batch.runs.enumerated() {
            record.write(count: run.scope)
            record.write(count: run.row)
            for list in 0..<ListCounts.recorded {
                if list == ListCounts.features {
                    record.write(count: features)
                } else {
                    record.write(unwritten.contains(list) ? 0 : UInt64(run.marks.starts[list]))
                }
            }
            features += batch.features(of: number).count
            for place in batch.numberColumns(of: number) {
                features += batch.numberColumns[place].rows.count
            }
        }
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        if batch.recordForm < 3 { return readForm2(&record, into: &batch) }
        readRows(&record, into: &batch)
        var firstRows: [Int] = []
        for _ in 0..<record.count() { firstRows.append(record.number(below: batch.items.count)) }
        readFeatureKinds(&record, into: &batch, firstRows: firstRows)
        readInputErrors(&record, into: &batch, haveRows: true)
        readTraces(&record, into: &batch)
        readRuns(&record, into: &batch)
    }

    /// Records of form 2 have all values.
    private static func readForm2(_ record: inout ByteReader, into batch: inout Batch) {
        readRows(&record, into: &batch)
        readNumbers(&record, into: &batch)
        readGroups(&record, into: &batch)
        readInputErrors(&record, into: &batch, haveRows: true)
        readTexts(&record, into: &batch)
        readRuns(&record, into: &batch)
    }

    static func readRows(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let item = UInt32(truncatingIfNeeded: record.number())
            let outcome = RequestOutcome(rawValue: UInt8(record.number(below: 6))) ?? .ok
            let reason = batch.name(&record)
            let weight = record.number()
            let size = record.number()
            batch.appendRow(
                item: Int(item), outcome: outcome, reason: reason, weight: weight, size: size)
        }
        for measure in batch.observations.indices {
            for _ in 0..<record.count() {
                let row = record.number(below: batch.items.count)
                let value = record.double()
                let weight = record.number()
                batch.observations[measure].append(
                    Observation(row: row, value: value, weight: weight))
            }
        }
    }

    static func readNumbers(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            let feature = batch.name(&record, required: true)
            batch.append(feature: feature, row: row, value: batch.value(&record))
        }
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            batch.append(prediction: batch.value(&record), row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            let name = batch.name(&record, required: true)
            batch.append(score: record.double(), of: name, row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            let name = batch.name(&record, required: true)
            batch.append(attribution: record.double(), of: name, row: row)
        }
    }

    static func readGroups(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            let facet = batch.name(&record, required: true)
            batch.append(group: batch.name(&record, required: true), of: facet, row: row)
        }
    }

    static func readInputErrors(
        _ record: inout ByteReader, into batch: inout Batch, haveRows: Bool
    ) {
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            let feature = batch.name(&record, required: true)
            let reason =
                InputReason(rawValue: UInt8(record.number(below: InputReason.allCases.count)))
                ?? .custom
            let rows = haveRows ? UInt32(truncatingIfNeeded: record.number()) : 1
            batch.append(inputError: reason, feature: feature, row: row, rows: rows)
        }
    }

    static func readTexts(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            batch.append(id: batch.text(&record), row: row)
        }
        readTraces(&record, into: &batch)
    }

    private static func readTraces(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            batch.append(trace: batch.text(&record), row: row)
        }
    }

    /// Runs cover all rows in order, and so do their ranges in each list; anything else is damage.
    static func readRuns(_ record: inout ByteReader, into batch: inout Batch) {
        var before = ListCounts()
        let ends = batch.mark.marks
        for number in 0..<record.count() {
            let scope = record.number(below: batch.scopes.count)
            let row = record.number(below: batch.items.count)
            var marks = ListCounts()
            for list in 0..<ListCounts.recorded {
                let start = UInt32(record.number(below: Int(ends.starts[list]) + 1))
                if start < before.starts[list] { record.damage() }
                marks.starts[list] = start
            }
            if number == 0 ? row != 0 : row <= (batch.runs.last?.row ?? 0) { record.damage() }
            if record.isDamaged { return }
            batch.runs.append(Batch.ScopeRun(scope: scope, row: row, marks: marks))
            before = marks
        }
        if batch.runs.isEmpty != batch.items.isEmpty { record.damage() }
    }
}
