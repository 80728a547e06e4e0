public import Kernel

/// A batch as the journal keeps it.
extension Batch {
    /// What a record begins with: the version of its form.
    private static let form: UInt64 = 1

    /// Writes the whole batch.
    public func write(to record: inout RecordWriter) {
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

    private func writeLists(to record: inout RecordWriter) {
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

    private func writeAnnouncements(to record: inout RecordWriter) {
        Batch.write(trainingNumbers, to: &record) { number, record in
            record.write(number.name)
            record.write(number.value)
        }
        Batch.write(trainingStatistics, to: &record) { statistics, record in
            record.write(statistics.feature)
            record.write(statistics.mean)
            record.write(statistics.stddev)
            record.write(statistics.median)
        }
        Batch.write(metricLabels, to: &record) { label, record in
            record.write(label.name)
            record.write(label.value)
        }
        Batch.write(labels, to: &record) { label, record in
            record.write(UInt64(label.item))
            record.write(count: label.scope)
            record.write(label.id)
            record.write(label.label)
            record.write(label.prediction)
            record.write(label.score)
            record.write(label.groups)
        }
        Batch.write(trainings, to: &record) { training, record in
            record.write(UInt64(training.item))
            record.write(count: training.scope)
            record.write(training.run)
            record.write(training.split)
            record.write(training.epoch)
            record.write(training.step)
            record.write(training.durationSeconds)
            record.write(training.rows)
            record.write(UInt64(training.status.rawValue))
            record.write(training.metrics)
            record.write(training.importance)
            record.write(training.statistics)
        }
        Batch.write(states, to: &record) { state, record in
            record.write(UInt64(state.item))
            record.write(count: state.scope)
            record.write(state.inFlight)
            record.write(state.queueLength)
        }
        Batch.write(news, to: &record) { news, record in
            record.write(UInt64(news.item))
            record.write(count: news.scope)
            record.write(UInt64(news.kind.rawValue))
            record.write(news.framework)
            record.write(news.gitSHA)
            record.write(news.trainedAt)
        }
        Batch.write(metrics, to: &record) { metric, record in
            record.write(UInt64(metric.item))
            record.write(count: metric.scope + 1)
            record.write(metric.name)
            record.write(UInt64(metric.kind.rawValue))
            record.write(metric.value)
            record.write(metric.target)
            record.write(metric.unit)
            record.write(metric.labels)
        }
    }

    private static func write<Element>(
        _ list: [Element], to record: inout RecordWriter,
        _ write: (Element, inout RecordWriter) -> Void
    ) {
        record.write(count: list.count)
        for element in list { write(element, &record) }
    }
}

extension Batch {
    /// Becomes the batch that was written. Returns false, and is empty, when the record is damaged
    /// or of a later form.
    public mutating func read(_ record: inout RecordReader) -> Bool {
        removeAll()
        if record.number() != Batch.form { record.damage() }
        readAll(&record)
        if record.isDamaged { removeAll() }
        return !record.isDamaged
    }

    private mutating func readAll(_ record: inout RecordReader) {
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
            appendRow(item: Int(item), outcome, reason: reason, weight: weight, size: size)
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

    private mutating func readLists(_ record: inout RecordReader) {
        for _ in 0..<record.count() {
            let row = record.number(below: items.count)
            let feature = name(&record, required: true)
            append(feature: feature, row: row, value(&record))
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
            labelGroups.append(Membership(row: label, facet: facet, group: group))
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

    private mutating func readAnnouncements(_ record: inout RecordReader) {
        for _ in 0..<record.count() {
            let name = name(&record, required: true)
            append(trainingNumber: record.double(), of: name)
        }
        for _ in 0..<record.count() {
            var statistics = TrainingStatistics(feature: name(&record, required: true))
            statistics.mean = record.double()
            statistics.stddev = record.double()
            statistics.median = record.double()
            append(statistics)
        }
        for _ in 0..<record.count() {
            let name = name(&record, required: true)
            append(metricLabel: name, self.name(&record, required: true))
        }
        for _ in 0..<record.count() {
            var label = Label()
            label.item = UInt32(truncatingIfNeeded: record.number())
            label.scope = record.number(below: scopes.count)
            label.id = text(&record)
            label.label = value(&record)
            label.prediction = value(&record)
            label.score = record.double()
            label.groups = range(&record, labelGroups.count)
            append(label)
        }
        for _ in 0..<record.count() {
            var training = Training()
            training.item = UInt32(truncatingIfNeeded: record.number())
            training.scope = record.number(below: scopes.count)
            training.run = name(&record)
            training.split = name(&record)
            training.epoch = record.double()
            training.step = record.double()
            training.durationSeconds = record.double()
            training.rows = record.double()
            training.status = Training.Status(rawValue: UInt8(record.number(below: 4))) ?? .unknown
            training.metrics = range(&record, trainingNumbers.count)
            training.importance = range(&record, trainingNumbers.count)
            training.statistics = range(&record, trainingStatistics.count)
            append(training)
        }
        for _ in 0..<record.count() {
            var state = State()
            state.item = UInt32(truncatingIfNeeded: record.number())
            state.scope = record.number(below: scopes.count)
            state.inFlight = record.double()
            state.queueLength = record.double()
            append(state)
        }
        for _ in 0..<record.count() {
            var news = ModelNews()
            news.item = UInt32(truncatingIfNeeded: record.number())
            news.scope = record.number(below: scopes.count)
            news.kind = ModelNews.Kind(rawValue: UInt8(record.number(below: 3))) ?? .facts
            news.framework = name(&record)
            news.gitSHA = name(&record)
            news.trainedAt = record.double()
            append(news)
        }
        for _ in 0..<record.count() {
            var metric = Metric()
            metric.item = UInt32(truncatingIfNeeded: record.number())
            metric.scope = record.number(below: scopes.count + 1) - 1
            metric.name = name(&record, required: true)
            metric.kind = record.flag() ? .counter : .gauge
            metric.value = record.double()
            metric.target = record.double()
            metric.unit = name(&record)
            metric.labels = range(&record, metricLabels.count)
            append(metric)
        }
    }

    /// Runs cover all rows, and their entries lie one behind the other.
    private mutating func readRuns(_ record: inout RecordReader) {
        var before = Marks()
        let ends = mark.marks
        for number in 0..<record.count() {
            let scope = record.number(below: scopes.count)
            let row = record.number(below: items.count)
            var marks = Marks()
            for list in marks.starts.indices {
                let start = UInt32(record.number(below: Int(ends.starts[list]) + 1))
                if start < before.starts[list] { record.damage() }
                marks.starts[list] = start
            }
            if number == 0 ? row != 0 : row <= (runs.last?.row ?? 0) { record.damage() }
            if record.isDamaged { return }
            runs.append(Run(scope: scope, row: row, marks: marks))
            before = marks
        }
        if runs.isEmpty != items.isEmpty { record.damage() }
    }

    // MARK: Parts

    private func name(_ record: inout RecordReader, required: Bool = false) -> Name {
        let name = Name(index: record.number(below: nameCount + 1) - 1)
        if required, name.isNone { record.damage() }
        return name
    }

    private func text(_ record: inout RecordReader) -> Text {
        let offset = record.number(below: names.byteCount + 1)
        let count = record.number(below: names.byteCount - offset + 1)
        return Text(offset: UInt32(offset), count: UInt32(count))
    }

    private func value(_ record: inout RecordReader) -> Value {
        switch Value.Kind(rawValue: UInt8(record.number(below: 5))) {
        case .number?: return Value(record.double())
        case .text?: return Value(text(&record))
        case .notFiniteWord?: return Value(text(&record), isNotFinite: true)
        case .notFinite?: return .notFinite
        case .missing?, nil: return .missing
        }
    }

    private func range(_ record: inout RecordReader, _ count: Int) -> Range<Int> {
        let start = record.number(below: count + 1)
        let length = record.number(below: count - start + 1)
        return start..<start + length
    }
}

extension RecordWriter {
    fileprivate mutating func write(_ name: Name) {
        write(count: Int(name.index) + 1)
    }

    fileprivate mutating func write(_ text: Text) {
        write(UInt64(text.offset))
        write(UInt64(text.count))
    }

    fileprivate mutating func write(_ range: Range<Int>) {
        write(count: range.lowerBound)
        write(count: range.count)
    }

    fileprivate mutating func write(_ value: Value) {
        write(UInt64(value.kind.rawValue))
        switch value.kind {
        case .number: write(value.number)
        case .text, .notFiniteWord: write(value.text)
        case .notFinite, .missing: return
        }
    }
}
