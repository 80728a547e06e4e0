internal import Kernel
internal import Wire

/// The announcements of a batch in its record: what is said beside requests.
extension Batch {
    func writeAnnouncements(to record: inout ByteWriter) {
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
        Batch.write(lifecycle, to: &record) { lifecycle, record in
            record.write(UInt64(lifecycle.item))
            record.write(count: lifecycle.scope)
            record.write(UInt64(lifecycle.kind.rawValue))
            record.write(lifecycle.framework)
            record.write(lifecycle.gitSHA)
            record.write(lifecycle.trainedAt)
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

    mutating func readAnnouncements(_ record: inout ByteReader) {
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
            append(metricLabel: name, value: self.name(&record, required: true))
        }
        for _ in 0..<record.count() {
            var label = LabelEvent()
            label.item = UInt32(truncatingIfNeeded: record.number())
            label.scope = record.number(below: scopes.count)
            label.id = text(&record)
            label.label = value(&record)
            label.prediction = value(&record)
            label.score = record.double()
            label.groups = range(&record, count: labelGroups.count)
            append(label)
        }
        for _ in 0..<record.count() {
            var training = TrainingEvent()
            training.item = UInt32(truncatingIfNeeded: record.number())
            training.scope = record.number(below: scopes.count)
            training.run = name(&record)
            training.split = name(&record)
            training.epoch = record.double()
            training.step = record.double()
            training.durationSeconds = record.double()
            training.rows = record.double()
            training.status =
                TrainingEvent.Status(rawValue: UInt8(record.number(below: 4))) ?? .unknown
            training.metrics = range(&record, count: trainingNumbers.count)
            training.importance = range(&record, count: trainingNumbers.count)
            training.statistics = range(&record, count: trainingStatistics.count)
            append(training)
        }
        for _ in 0..<record.count() {
            var state = StateEvent()
            state.item = UInt32(truncatingIfNeeded: record.number())
            state.scope = record.number(below: scopes.count)
            state.inFlight = record.double()
            state.queueLength = record.double()
            append(state)
        }
        for _ in 0..<record.count() {
            var lifecycle = ModelEvent()
            lifecycle.item = UInt32(truncatingIfNeeded: record.number())
            lifecycle.scope = record.number(below: scopes.count)
            lifecycle.kind = ModelEvent.Kind(rawValue: UInt8(record.number(below: 3))) ?? .facts
            lifecycle.framework = name(&record)
            lifecycle.gitSHA = name(&record)
            lifecycle.trainedAt = record.double()
            append(lifecycle)
        }
        for _ in 0..<record.count() {
            var metric = MetricEvent()
            metric.item = UInt32(truncatingIfNeeded: record.number())
            metric.scope = record.number(below: scopes.count + 1) - 1
            metric.name = name(&record, required: true)
            metric.kind = record.flag() ? .counter : .gauge
            metric.value = record.double()
            metric.target = record.double()
            metric.unit = name(&record)
            metric.labels = range(&record, count: metricLabels.count)
            append(metric)
        }
    }
}
