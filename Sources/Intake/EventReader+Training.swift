internal import Kernel
internal import Observation

extension TrainingEvent: ReadableEvent {
    static let keys: KeySet = [
        .run, .split, .epoch, .step, .metrics, .featureImportance, .featureStatistics, .status,
        .durationSeconds, .rows,
    ]

    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let (event, fields) = (source.value, source.fields)
        var training = TrainingEvent()
        training.item = UInt32(truncatingIfNeeded: source.item)
        training.scope = try reader.scope(
            event, fields: fields, absentVersion: nil, batch: &batch)
        if let position = fields[.run] {
            training.run = try reader.word(
                event, position: position, subject: "run", batch: &batch)
        }
        if let position = fields[.split] {
            training.split = try reader.word(
                event, position: position, subject: "split", batch: &batch)
        }
        if let position = fields[.epoch] {
            training.epoch = try event.number(position, rule: .notNegative, subject: "epoch")
        }
        if let position = fields[.step] {
            training.step = try event.number(position, rule: .notNegative, subject: "step")
        }
        if let position = fields[.durationSeconds] {
            training.durationSeconds = try event.number(
                position, rule: .seconds, subject: "duration_seconds")
        }
        if let position = fields[.rows] {
            training.rows = try event.number(position, rule: .rows, subject: "rows")
        }
        if let position = fields[.status] {
            training.status = try status(event, position: position)
        }
        try readParts(event, fields: fields, training: &training, reader: &reader, batch: &batch)
        batch.append(training)
    }

    private static func readParts(
        _ event: JSONValue, fields: KnownFields, training: inout TrainingEvent,
        reader: inout EventReader, batch: inout Batch
    ) throws(EventError) {
        var first = batch.trainingNumbers.count
        if let position = fields[.metrics] {
            try readNumbers(
                event, position: position, subject: "metrics", reader: &reader, batch: &batch)
        }
        training.metrics = first..<batch.trainingNumbers.count
        first = batch.trainingNumbers.count
        if let position = fields[.featureImportance] {
            try readNumbers(
                event, position: position, subject: "feature_importance", reader: &reader,
                batch: &batch)
        }
        training.importance = first..<batch.trainingNumbers.count
        first = batch.trainingStatistics.count
        if let position = fields[.featureStatistics] {
            try readStatistics(event, position: position, reader: &reader, batch: &batch)
        }
        training.statistics = first..<batch.trainingStatistics.count
    }

    private static func status(_ event: JSONValue, position: Int) throws(EventError) -> Status {
        try event.requireString(position, subject: "status")
        let text = event.text(position)
        if text.equals("running") { return .running }
        if text.equals("succeeded") { return .succeeded }
        if text.equals("failed") { return .failed }
        throw EventError(
            .badValue, key: .status, rule: "must be one of running, succeeded, failed",
            position: position)
    }

    private static func readNumbers(
        _ event: JSONValue, position: Int, subject: StaticString, reader: inout EventReader,
        batch: inout Batch
    ) throws(EventError) {
        try reader.forEachKey(event, position: position, subject: subject, batch: &batch) {
            (name, value, batch: inout Batch) throws(EventError) in
            batch.append(
                trainingNumber: try event.number(value, rule: .finite, subject: subject), of: name)
        }
    }

    private static func readStatistics(
        _ event: JSONValue, position: Int, reader: inout EventReader, batch: inout Batch
    ) throws(EventError) {
        let subject: StaticString = "feature_statistics"
        var unknown: [Int] = []
        try reader.forEachKey(event, position: position, subject: subject, batch: &batch) {
            (feature, value, batch: inout Batch) throws(EventError) in
            var statistics = TrainingStatistics(feature: feature)
            _ = try event.object(value, subject: subject)
            var next = value + 1
            let end = event.end(value)
            while next < end {
                let key = event.kind(next) == .key ? event.text(next) : Span()
                if event.isNull(next + 1) {
                    next = event.end(next + 1)
                    continue
                }
                if key.equals("mean") {
                    statistics.mean = try number(event, position: next + 1, part: "mean")
                } else if key.equals("stddev") {
                    statistics.stddev = try number(event, position: next + 1, part: "stddev")
                } else if key.equals("median") {
                    statistics.median = try number(event, position: next + 1, part: "median")
                } else {
                    unknown.append(next)
                }
                next = event.end(next + 1)
            }
            batch.append(statistics)
        }
        for position in unknown {
            reader.recordUnknown(
                event, position: position, inside: "feature_statistics",
                near: ["mean", "stddev", "median"], batch: &batch)
        }
    }

    private static func number(
        _ event: JSONValue, position: Int, part: StaticString
    ) throws(EventError) -> Double {
        do throws(EventError) {
            return try event.number(position, rule: .finite, subject: "feature_statistics")
        } catch {
            var error = error
            error.part = part
            throw error
        }
    }
}
