package import Wire

/// The state of a training run.
package struct TrainingEvent: Sendable {
    package enum Status: UInt8, Sendable {
        case unknown, running, succeeded, failed
    }

    /// The event's place in the body, from 0.
    package var item: UInt32 = 0
    /// Index in `Batch.scopes`; the scope may have no version.
    package var scope = 0
    /// `none` if absent.
    package var run = Symbol.none
    /// `none` if absent.
    package var split = Symbol.none
    /// Not negative; NaN if absent, as all numbers below.
    package var epoch = Double.nan
    package var step = Double.nan
    package var durationSeconds = Double.nan
    package var rows = Double.nan
    package var status = Status.unknown
    /// Metric by name: range in `Batch.trainingNumbers`.
    package var metrics = 0..<0
    /// Importance by feature: range in `Batch.trainingNumbers`.
    package var importance = 0..<0
    /// Range in `Batch.trainingStatistics`.
    package var statistics = 0..<0

    package init() {}
}

/// A named number of a training run. Finite.
package struct TrainingNumber: Sendable, BitwiseCopyable {
    package let name: Symbol
    package let value: Double
}

/// Statistics of one feature in the training data; NaN if absent.
package struct TrainingStatistics: Sendable, BitwiseCopyable {
    package var feature: Symbol
    package var mean = Double.nan
    package var stddev = Double.nan
    package var median = Double.nan

    package init(feature: Symbol) {
        self.feature = feature
    }
}

extension Batch {
    /// The training events in the order of the body.
    package var trainings: [TrainingEvent] { lists.trainings }
    /// The metrics and importances of all training events.
    package var trainingNumbers: [TrainingNumber] { lists.trainingNumbers }
    /// The feature statistics of all training events.
    package var trainingStatistics: [TrainingStatistics] { lists.trainingStatistics }

    /// Appends a training event whose numbers and statistics have been appended.
    package mutating func append(_ training: TrainingEvent) { lists.trainings.append(training) }

    package mutating func append(trainingNumber value: Double, of name: Symbol) {
        lists.trainingNumbers.append(TrainingNumber(name: name, value: value))
    }

    package mutating func append(_ statistics: TrainingStatistics) {
        lists.trainingStatistics.append(statistics)
    }
}

extension TrainingEvent: BatchEvents {
    package static var kind: EventKind { .training }

    package static func count(in batch: borrowing Batch) -> Int { batch.lists.trainings.count }

    package static func removeAll(from batch: inout Batch) {
        batch.lists.trainings.removeAll(keepingCapacity: true)
        batch.lists.trainingNumbers.removeAll(keepingCapacity: true)
        batch.lists.trainingStatistics.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        batch.lists.trainings.capacity * MemoryLayout<TrainingEvent>.stride
            + batch.lists.trainingNumbers.capacity * MemoryLayout<TrainingNumber>.stride
            + batch.lists.trainingStatistics.capacity * MemoryLayout<TrainingStatistics>.stride
    }

    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(batch.lists.trainingNumbers) { number, record in
            record.write(number.name)
            record.write(number.value)
        }
        record.write(batch.lists.trainingStatistics) { statistics, record in
            record.write(statistics.feature)
            record.write(statistics.mean)
            record.write(statistics.stddev)
            record.write(statistics.median)
        }
        record.write(batch.lists.trainings) { training, record in
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
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        readParts(&record, into: &batch)
        readEvents(&record, into: &batch)
    }

    static func readParts(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let name = batch.name(&record, required: true)
            batch.append(trainingNumber: record.double(), of: name)
        }
        for _ in 0..<record.count() {
            var statistics = TrainingStatistics(feature: batch.name(&record, required: true))
            statistics.mean = record.double()
            statistics.stddev = record.double()
            statistics.median = record.double()
            batch.append(statistics)
        }
    }

    static func readEvents(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            var training = TrainingEvent()
            training.item = UInt32(truncatingIfNeeded: record.number())
            training.scope = record.number(below: batch.scopes.count)
            training.run = batch.name(&record)
            training.split = batch.name(&record)
            training.epoch = record.double()
            training.step = record.double()
            training.durationSeconds = record.double()
            training.rows = record.double()
            training.status = Status(rawValue: UInt8(record.number(below: 4))) ?? .unknown
            training.metrics = batch.range(&record, count: batch.lists.trainingNumbers.count)
            training.importance = batch.range(&record, count: batch.lists.trainingNumbers.count)
            training.statistics = batch.range(
                &record, count: batch.lists.trainingStatistics.count)
            batch.append(training)
        }
    }
}
