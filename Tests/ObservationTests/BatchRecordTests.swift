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
            batch.append(trace: text, row: row)
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
        let text = batch.bytes(batch.ids[3].text).string
        #expect(text == "text 3")
        let feature = batch.bytes(batch.features[0].feature).string
        #expect(feature == "amount")
        #expect(batch.metrics[0].scope == -1 && batch.trainings[0].status == .failed)
        let known = batch.intern("amount")
        #expect(known == batch.features[0].feature)
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
