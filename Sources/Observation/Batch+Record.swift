internal import Kernel
package import Wire

/// A batch as the journal keeps it.
extension Batch {
    /// What a record begins with: the version of its form.
    private static let form: UInt64 = 1

    /// Writes the whole batch.
    package func write(to record: inout ByteWriter) {
        record.write(Batch.form)
        names.write(to: &record)
        Batch.write(scopes, to: &record) { scope, record in
            record.write(scope.model)
            record.write(scope.version)
            record.write(scope.variant)
        }
        record.write(count: items.count)
        for row in items.indices {
            record.write(UInt64(items[row]))
            record.write(UInt64(outcomes[row].rawValue))
            record.write(reasons[row])
            record.write(weights[row])
            record.write(sizes[row])
        }
        for measure in observations.indices {
            Batch.write(observations[measure], to: &record) { observation, record in
                record.write(UInt64(observation.row))
                record.write(observation.value)
                record.write(observation.weight)
            }
        }
        writeLists(to: &record)
        writeAnnouncements(to: &record)
        Batch.write(runs, to: &record) { run, record in
            record.write(count: run.scope)
            record.write(count: run.row)
            for list in run.marks.starts.indices { record.write(UInt64(run.marks.starts[list])) }
        }
    }

    private func writeLists(to record: inout ByteWriter) {
        Batch.write(features, to: &record) { feature, record in
            record.write(UInt64(feature.row))
            record.write(feature.feature)
            record.write(feature.value)
        }
        Batch.write(predictions, to: &record) { prediction, record in
            record.write(UInt64(prediction.row))
            record.write(prediction.value)
        }
        for list in [scores, attributions] {
            Batch.write(list, to: &record) { number, record in
                record.write(UInt64(number.row))
                record.write(number.name)
                record.write(number.value)
            }
        }
        for list in [groups, labelGroups] {
            Batch.write(list, to: &record) { membership, record in
                record.write(UInt64(membership.row))
                record.write(membership.facet)
                record.write(membership.group)
            }
        }
        Batch.write(inputErrors, to: &record) { error, record in
            record.write(UInt64(error.row))
            record.write(error.feature)
            record.write(UInt64(error.reason.rawValue))
        }
        for list in [ids, traces] {
            Batch.write(list, to: &record) { text, record in
                record.write(UInt64(text.row))
                record.write(text.text)
            }
        }
    }

    static func write<Element>(
        _ list: [Element], to record: inout ByteWriter,
        write: (Element, inout ByteWriter) -> Void
    ) {
        record.write(count: list.count)
        for element in list { write(element, &record) }
    }
}

extension Batch {
    /// Becomes the batch that was written. Returns false, and is empty, when the record is damaged
    /// or of a later form.
    package mutating func read(_ record: inout ByteReader) -> Bool {
        removeAll()
        if record.number() != Batch.form { record.damage() }
        readAll(&record)
        if record.isDamaged { removeAll() }
        return !record.isDamaged
    }

    private mutating func readAll(_ record: inout ByteReader) {
        names.read(&record)
        for _ in 0..<record.count() {
            let model = name(&record, required: true)
            let version = name(&record)
            let variant = name(&record)
            _ = scope(model: model, version: version, variant: variant)
        }
        for _ in 0..<record.count() {
            let item = UInt32(truncatingIfNeeded: record.number())
            let outcome = RequestOutcome(rawValue: UInt8(record.number(below: 6))) ?? .ok
            let reason = name(&record)
            let weight = record.number()
            let size = record.number()
            appendRow(item: Int(item), outcome: outcome, reason: reason, weight: weight, size: size)
        }
        for measure in observations.indices {
            for _ in 0..<record.count() {
                let row = record.number(below: items.count)
                let value = record.double()
                let weight = record.number()
                observations[measure].append(
                    Observation(row: row, value: value, weight: weight))
            }
        }
        readLists(&record)
        readAnnouncements(&record)
        readRuns(&record)
    }

    private mutating func readLists(_ record: inout ByteReader) {
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            let feature = name(&record, required: true)
            append(feature: feature, row: row, value: value(&record))
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            append(prediction: value(&record), row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            let name = name(&record, required: true)
            append(score: record.double(), of: name, row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            let name = name(&record, required: true)
            append(attribution: record.double(), of: name, row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            let facet = name(&record, required: true)
            append(group: name(&record, required: true), of: facet, row: row)
        }
        for _ in 0..<record.count() {
            let label = UInt32(truncatingIfNeeded: record.number())
            let facet = name(&record, required: true)
            let group = name(&record, required: true)
            labelGroups.append(GroupTag(row: label, facet: facet, group: group))
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            let feature = name(&record, required: true)
            let reason = InputReason(rawValue: UInt8(record.number(below: 9))) ?? .custom
            append(inputError: reason, feature: feature, row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            append(id: text(&record), row: row)
        }
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            append(trace: text(&record), row: row)
        }
    }

    /// Runs cover all rows, and their entries lie one behind the other.
    private mutating func readRuns(_ record: inout ByteReader) {
        var before = ListCounts()
        let ends = mark.marks
        for number in 0..<record.count() {
            let scope = record.number(below: scopes.count)
            let row = record.number(below: items.count)
            var marks = ListCounts()
            for list in marks.starts.indices {
                let start = UInt32(record.number(below: Int(ends.starts[list]) + 1))
                if start < before.starts[list] { record.damage() }
                marks.starts[list] = start
            }
            if number == 0 ? row != 0 : row <= (runs.last?.row ?? 0) { record.damage() }
            if record.isDamaged { return }
            runs.append(ScopeRun(scope: scope, row: row, marks: marks))
            before = marks
        }
        if runs.isEmpty != items.isEmpty { record.damage() }
    }
}
