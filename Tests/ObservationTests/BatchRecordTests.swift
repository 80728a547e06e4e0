import Kernel
import Observation
import Testing
import Wire

struct BatchRecordTests {
    /// A batch with everything that a batch can have.
    private func full() -> Batch {
        var batch = Batch()
        let (model, version) = (batch.intern("fraud"), batch.intern("3"))
        let (feature, other) = (batch.intern("amount"), batch.intern("country"))
        let scopes = [
            batch.scope(model: model, version: version, variant: .none),
            batch.scope(model: model, version: version, variant: other),
        ]
        for row in 0..<4 {
            let mark = batch.mark
            batch.openRun(scopes[row / 2], at: mark)
            for measure in Measure.allCases {
                batch.observe(measure, row: row, value: Double(row) / 8, weight: UInt64(row + 1))
            }
            batch.append(feature: feature, row: row, value: Value(Double(row)))
            batch.append(feature: other, row: row, value: .missing)
            let text = batch.store(Array("text \(row)".utf8).span)
            batch.append(prediction: Value(text), row: row)
            batch.append(score: 0.5, of: other, row: row)
            batch.append(attribution: -0.5, of: feature, row: row)
            batch.append(group: feature, of: other, row: row)
            batch.append(inputError: .outOfRange, feature: feature, row: row)
            batch.append(id: text, row: row)
            let trace = batch.store(trace: Array("trace \(row)".utf8).span)
            batch.append(trace: trace, row: row)
            batch.append(finishReason: other, row: row)
            batch.appendRow(
                item: row, outcome: .timeout, reason: feature, weight: UInt64(row + 1),
                size: 1 << 40)
        }
        var label = LabelEvent()
        batch.appendLabelGroup(other, group: feature)
        label.groups = 0..<1
        label.label = .notFinite
        batch.append(label)
        batch.append(trainingNumber: 1.5, of: feature)
        batch.append(TrainingStatistics(feature: feature))
        var training = TrainingEvent()
        training.metrics = 0..<1
        training.statistics = 0..<1
        training.status = .failed
        training.run = other
        batch.append(training)
        var state = StateEvent()
        state.inFlight = 3
        state.cacheUsage = 0.5
        batch.append(state)
        var lifecycle = ModelEvent()
        lifecycle.change = .unloaded
        lifecycle.framework = other
        batch.append(lifecycle)
        batch.append(metricLabel: feature, value: other)
        var metric = MetricEvent()
        metric.name = feature
        metric.shape = .counter
        metric.labels = 0..<1
        batch.append(metric)
        return batch
    }

    private func record(_ batch: borrowing Batch) -> [UInt8] {
        var writer = ByteWriter()
        batch.write(to: &writer)
        return writer.bytes
    }

    @Test func `a batch that is read says what was written`() {
        let bytes = record(full())
        var batch = Batch()
        var reader = ByteReader(bytes.span)
        let isRead = batch.read(&reader)
        let isAtEnd = reader.isAtEnd
        #expect(isRead && isAtEnd)
        let again = record(batch)
        #expect(again == bytes)
        let rows = batch.runs.indices.map { batch.rows(of: $0) }
        #expect(rows == [0..<2, 2..<4])
        let trace = batch.bytes(batch.traces[3].text).string
        #expect(trace == "trace 3")
        let feature = batch.bytes(batch.features[0].feature).string
        #expect(feature == "amount")
        #expect(batch.metrics[0].scope == -1 && batch.trainings[0].status == .failed)
        let known = batch.intern("amount")
        #expect(known == batch.features[0].feature)
    }

    @Test func `a record has kinds of features and neither values nor answers nor ids`() {
        let bytes = record(full())
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("trace 3") && !text.contains("text 3"))
        var batch = Batch()
        var reader = ByteReader(bytes.span)
        _ = batch.read(&reader)
        let kinds = batch.features.map(\.value.kind)
        #expect(
            kinds == [.number, .number, .missing, .missing, .number, .number, .missing, .missing])
        let rows = batch.features.map(\.row)
        #expect(rows == [0, 1, 0, 1, 2, 3, 2, 3])
        #expect(batch.features.allSatisfy { $0.value.number == 0 })
        #expect(batch.ids.isEmpty && batch.predictions.isEmpty && batch.scores.isEmpty)
        #expect(batch.groups.isEmpty && batch.attributions.isEmpty)
        let scores = batch.observations(.score).count
        #expect(scores == 0)
    }

    @Test func `kinds that alternate are read as they were written`() {
        var batch = Batch()
        let names = ["a", "b"].map { batch.intern(Array($0.utf8).span) }
        let scope = batch.scope(model: names[0], version: names[1], variant: .none)
        let word = Value(batch.store("NaN"), isNotFinite: true)
        let text = Value(batch.store("text"))
        let given: [Value] = [Value(1), text, word, .notFinite, .missing, Value(.empty)]
        for row in 0..<60 {
            batch.openRun(scope, at: batch.mark)
            for (place, name) in names.enumerated() where (row + place) % 7 != 0 {
                batch.append(
                    feature: name, row: row, value: given[(row / (place + 1)) % given.count])
            }
            batch.appendRow(item: row, outcome: .ok, reason: .none, weight: 1, size: 1)
        }
        let bytes = record(batch)
        var other = Batch()
        var reader = ByteReader(bytes.span)
        let isRead = other.read(&reader)
        #expect(isRead)
        func sorted(_ batch: borrowing Batch) -> [String] {
            batch.features.map { entry in
                let isEmpty = entry.value.kind == .text && entry.value.text.isEmpty
                return "\(entry.feature.index) \(entry.row) \(entry.value.kind) \(isEmpty)"
            }.sorted()
        }
        let (expected, found) = (sorted(batch), sorted(other))
        #expect(found == expected && !found.isEmpty)
    }

    /// A record of form 2, of a row with a feature, a prediction and an id, and of a label.
    private var form2: [UInt8] {
        var writer = ByteWriter()
        writer.write(2 as UInt64)
        writer.write(Array("fraud3amountreq-8812".utf8).span)
        writer.write(count: 3)
        for (offset, count) in [(0, 5), (5, 1), (6, 6)] {
            writer.write(count: offset)
            writer.write(count: count)
        }
        // A scope: model, version, no variant; names are numbered from 1 there.
        for number in [1, 1, 2, 0] { writer.write(count: number) }
        writer.write(count: 2)
        writer.write(UInt64(EventKind.inference.rawValue))
        for number in [1, 0, 0, 0, 1, 1] { writer.write(count: number) }
        for _ in 0..<11 { writer.write(count: 0) }
        for number in [1, 0, 3, 0] { writer.write(count: number) }
        writer.write(12.5)
        for number in [1, 0, 0] { writer.write(count: number) }
        writer.write(0.25)
        for _ in 0..<4 { writer.write(count: 0) }
        for number in [1, 0, 12, 8, 0] { writer.write(count: number) }
        for number in [1, 0, 0] { writer.write(count: number) }
        for _ in 0..<19 { writer.write(count: 0) }
        writer.write(UInt64(EventKind.label.rawValue))
        for number in [0, 1, 1, 0, 12, 8, 4, 4] { writer.write(count: number) }
        writer.write(Double.nan)
        for number in [0, 0] { writer.write(count: number) }
        return writer.bytes
    }

    @Test func `a record of form 2 is read with its values`() throws {
        let bytes = form2
        var batch = Batch()
        var reader = ByteReader(bytes.span)
        let isRead = batch.read(&reader)
        let isAtEnd = reader.isAtEnd
        #expect(isRead && isAtEnd)
        try #require(isRead)
        #expect(batch.features[0].value.number == 12.5 && batch.predictions[0].value.number == 0.25)
        let id = batch.bytes(batch.ids[0].text).string
        #expect(id == "req-8812")
        #expect(batch.labels.count == 1)
    }

    @Test func `a record that is cut anywhere is damaged`() {
        let bytes = record(full())
        var batch = Batch()
        for length in 0..<bytes.count {
            var reader = ByteReader(bytes.span.extracting(first: length))
            let isRead = batch.read(&reader)
            #expect(!isRead)
            let isEmpty = batch.isEmpty
            #expect(isEmpty)
        }
    }

    @Test func `a record with other bytes is read or damaged, and traps nothing`() {
        let bytes = record(full())
        var batch = Batch()
        for place in bytes.indices {
            for byte in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[place] = byte
                var reader = ByteReader(changed.span)
                if batch.read(&reader) {
                    for run in batch.runs.indices {
                        _ = batch.rows(of: run)
                        _ = batch.features(of: run)
                        _ = batch.traces(of: run)
                        for measure in Measure.allCases { _ = batch.observations(measure, of: run) }
                    }
                    for row in batch.traces { _ = batch.bytes(row.text).count }
                    for feature in batch.features { _ = batch.bytes(feature.feature).count }
                }
            }
        }
    }
}
