internal import Kernel
internal import Observation
internal import Wire

extension MetricEvent: ReadableEvent {
    static let keys: KeySet = [.name, .kind, .value, .target, .labels, .unit]

    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let (event, fields) = (source.value, source.fields)
        var metric = MetricEvent()
        metric.item = UInt32(truncatingIfNeeded: source.item)
        guard let position = fields[.name] else {
            throw EventError(.missingField, key: .name, rule: "is required: the name of the KPI")
        }
        metric.name = try reader.limits.name(
            event, position: position, subject: "name", batch: &batch)
        metric.shape = try shape(event, fields: fields)
        if let position = fields[.value] {
            metric.value = try event.number(position, rule: .business, subject: "value")
        }
        if let position = fields[.target] {
            metric.target = try event.number(position, rule: .business, subject: "target")
        }
        if metric.value.isNaN, metric.target.isNaN {
            throw EventError(.missingField, key: .value, rule: "or target is required")
        }
        if fields[.model] != nil {
            metric.scope = try reader.scope(
                event, fields: fields, absentVersion: nil, batch: &batch)
        }
        if let position = fields[.unit] {
            metric.unit = try reader.word(
                event, position: position, subject: "unit", batch: &batch)
        }
        let first = batch.metricLabels.count
        if let position = fields[.labels] {
            try readLabels(event, position: position, reader: &reader, batch: &batch)
        }
        metric.labels = first..<batch.metricLabels.count
        batch.append(metric)
    }

    private static func shape(_ event: JSONValue, fields: KnownFields) throws(EventError) -> Shape {
        guard let position = fields[.kind] else {
            throw EventError(.missingField, key: .kind, rule: "is required: gauge or counter")
        }
        try event.requireString(position, subject: "kind")
        let text = event.text(position)
        if text.equals("gauge") { return .gauge }
        if text.equals("counter") { return .counter }
        throw EventError(
            .badValue, key: .kind, rule: "must be one of gauge, counter", position: position)
    }

    private static func readLabels(
        _ event: JSONValue, position: Int, reader: inout EventReader, batch: inout Batch
    ) throws(EventError) {
        let limits = reader.limits
        if try event.object(position, subject: "labels") > limits.labels {
            throw EventError(
                .tooMany, subject: "labels", limit: limits.labels, unit: "labels",
                position: position)
        }
        try reader.forEachKey(event, position: position, subject: "labels", batch: &batch) {
            (name, value, batch: inout Batch) throws(EventError) in
            guard LabelName.isAllowed(batch.bytes(name)) else {
                throw EventError(
                    .badValue, key: .labels,
                    rule:
                        "must match [a-zA-Z_][a-zA-Z0-9_]*, not begin with __ and not be model, version, variant or kpi"
                )
            }
            let text = try event.text(value, limit: limits.valueBytes, subject: "labels")
            if !text.isEmpty { batch.append(metricLabel: name, value: batch.intern(text)) }
        }
    }
}

/// The names that a label of a business metric can have.
private enum LabelName {
    static func isAllowed(_ name: Span<UInt8>) -> Bool {
        let isReserved =
            name.equals("model") || name.equals("version") || name.equals("variant")
            || name.equals("kpi")
        return name.isClientLabelName && !isReserved
    }
}
