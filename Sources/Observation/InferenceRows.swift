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
        batch.predictions.removeAll(keepingCapacity: true)
        batch.scores.removeAll(keepingCapacity: true)
        batch.groups.removeAll(keepingCapacity: true)
        batch.inputErrors.removeAll(keepingCapacity: true)
        batch.attributions.removeAll(keepingCapacity: true)
        batch.ids.removeAll(keepingCapacity: true)
        batch.traces.removeAll(keepingCapacity: true)
        batch.finishReasons.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        // A row has an item (4), an outcome (1), a reason (4), a weight (8) and a size (8).
        var bytes = batch.items.capacity * 25
        for index in batch.observations.indices {
            bytes += batch.observations[index].capacity * MemoryLayout<Observation>.stride
        }
        bytes += batch.features.capacity * MemoryLayout<FeatureValue>.stride
        bytes += batch.predictions.capacity * MemoryLayout<Prediction>.stride
        bytes +=
            (batch.scores.capacity + batch.attributions.capacity)
            * MemoryLayout<NamedNumber>.stride
        bytes += batch.groups.capacity * MemoryLayout<GroupTag>.stride
        bytes += batch.inputErrors.capacity * MemoryLayout<InputError>.stride
        bytes += (batch.ids.capacity + batch.traces.capacity) * MemoryLayout<RowText>.stride
        bytes += batch.finishReasons.capacity * MemoryLayout<RowName>.stride
        return bytes + batch.runs.capacity * MemoryLayout<Batch.ScopeRun>.stride
    }

    // MARK: Records

    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(count: batch.items.count)
        for row in batch.items.indices {
            record.write(UInt64(batch.items[row]))
            record.write(UInt64(batch.outcomes[row].rawValue))
            record.write(batch.reasons[row])
            record.write(batch.weights[row])
            record.write(batch.sizes[row])
        }
        let measures = batch.observations.indices.filter { !batch.observations[$0].isEmpty }
        record.write(count: measures.count)
        for measure in measures {
            record.write(count: measure)
            record.write(batch.observations[measure]) { observation, record in
                record.write(UInt64(observation.row))
                record.write(observation.value)
                record.write(observation.weight)
            }
        }
        writeLists(batch, to: &record)
        record.write(batch.finishReasons) { reason, record in
            record.write(UInt64(reason.row))
            record.write(reason.name)
        }
        record.write(batch.runs) { run, record in
            record.write(count: run.scope)
            record.write(count: run.row)
        }
    }

    private static func writeLists(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(batch.features) { feature, record in
            record.write(UInt64(feature.row))
            record.write(feature.feature)
            record.write(feature.value)
        }
        record.write(batch.predictions) { prediction, record in
            record.write(UInt64(prediction.row))
            record.write(prediction.value)
        }
        for list in [batch.scores, batch.attributions] {
            record.write(list) { number, record in
                record.write(UInt64(number.row))
                record.write(number.name)
                record.write(number.value)
            }
        }
        record.write(batch.groups) { group, record in
            record.write(UInt64(group.row))
            record.write(group.facet)
            record.write(group.group)
        }
        record.write(batch.inputErrors) { error, record in
            record.write(UInt64(error.row))
            record.write(error.feature)
            record.write(UInt64(error.reason.rawValue))
            record.write(UInt64(error.rows))
        }
        for list in [batch.ids, batch.traces] {
            record.write(list) { text, record in
                record.write(UInt64(text.row))
                record.write(text.text)
            }
        }
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        readRows(&record, into: &batch)
        for _ in 0..<record.count() {
            let measure = record.number(below: batch.observations.count)
            if record.isDamaged || !batch.observations[measure].isEmpty { return record.damage() }
            readObservations(measure, from: &record, into: &batch)
        }
        readNumbers(&record, into: &batch)
        readGroups(&record, into: &batch)
        readInputErrors(&record, into: &batch, haveRows: true)
        readTexts(&record, into: &batch)
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            batch.append(finishReason: batch.name(&record, required: true), row: row)
        }
        readRuns(&record, into: &batch)
    }

    /// Reads the rows of form 2.
    static func readForm2(_ record: inout ByteReader, into batch: inout Batch) {
        readRows(&record, into: &batch)
        readFormerObservations(&record, into: &batch)
        readNumbers(&record, into: &batch)
        readGroups(&record, into: &batch)
        readInputErrors(&record, into: &batch, haveRows: true)
        readTexts(&record, into: &batch)
        readRuns(&record, into: &batch, lists: Batch.formerLists)
    }

    /// Reads the observations of forms 1 and 2: a list for each measure that they had.
    static func readFormerObservations(_ record: inout ByteReader, into batch: inout Batch) {
        for measure in 0..<Batch.formerMeasures {
            readObservations(measure, from: &record, into: &batch)
        }
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
    }

    static func readObservations(
        _ measure: Int, from record: inout ByteReader, into batch: inout Batch
    ) {
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            let value = record.double()
            let weight = record.number()
            batch.observations[measure].append(Observation(row: row, value: value, weight: weight))
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
        for _ in 0..<record.count() {
            let row = record.number(below: batch.items.count)
            batch.append(trace: batch.text(&record), row: row)
        }
    }

    /// Runs cover all rows in order; anything else is damage. In former forms a number follows for each of
    /// `lists` lists, which says no more than the entries' rows.
    static func readRuns(_ record: inout ByteReader, into batch: inout Batch, lists: Int = 0) {
        for number in 0..<record.count() {
            let scope = record.number(below: batch.scopes.count)
            let row = record.number(below: batch.items.count)
            for _ in 0..<lists { _ = record.number() }
            if number == 0 ? row != 0 : row <= (batch.runs.last?.row ?? 0) { record.damage() }
            if record.isDamaged { return }
            batch.runs.append(Batch.ScopeRun(scope: scope, row: row, marks: ListCounts()))
        }
        if batch.runs.isEmpty != batch.items.isEmpty || !batch.markRuns() { record.damage() }
    }
}

extension Batch {
    /// Finds where the entries of each run begin in each list. False if those of a run do not follow
    /// those of the run before.
    fileprivate mutating func markRuns() -> Bool {
        var marks = [ListCounts](repeating: ListCounts(), count: runs.count)
        for measure in observations.indices {
            if !mark(observations[measure], list: measure, marks: &marks) { return false }
        }
        guard mark(features, list: ListCounts.features, marks: &marks),
            mark(predictions, list: ListCounts.predictions, marks: &marks),
            mark(scores, list: ListCounts.scores, marks: &marks),
            mark(groups, list: ListCounts.groups, marks: &marks),
            mark(inputErrors, list: ListCounts.inputErrors, marks: &marks),
            mark(attributions, list: ListCounts.attributions, marks: &marks),
            mark(ids, list: ListCounts.ids, marks: &marks),
            mark(traces, list: ListCounts.traces, marks: &marks),
            mark(finishReasons, list: ListCounts.finishReasons, marks: &marks)
        else { return false }
        for run in runs.indices {
            runs[run] = ScopeRun(scope: runs[run].scope, row: runs[run].row, marks: marks[run])
        }
        return true
    }

    private func mark(
        _ entries: [some RowEntry], list: Int, marks: inout [ListCounts]
    ) -> Bool {
        var next = 0
        for run in runs.indices {
            let rows = rows(of: run)
            marks[run].starts[list] = UInt32(truncatingIfNeeded: next)
            while next < entries.count, rows.contains(Int(entries[next].row)) { next += 1 }
        }
        return next == entries.count
    }
}
