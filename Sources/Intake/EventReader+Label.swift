internal import Kernel
internal import Observation

extension LabelEvent: ReadableEvent {
    static let keys: KeySet = [.id, .label, .prediction, .score, .groups]

    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let (event, fields) = (source.value, source.fields)
        let limits = reader.limits
        var label = LabelEvent()
        label.item = UInt32(truncatingIfNeeded: source.item)
        guard let position = fields[.label] else {
            throw EventError(
                .missingField, key: .label, rule: "is required: the true class or number")
        }
        label.label = try reader.answer(event, position: position, subject: "label", batch: &batch)
        if let position = fields[.id] {
            let text = try event.text(position, limit: limits.valueBytes, subject: "id")
            if !text.isEmpty { label.id = batch.store(text) }
        }
        if let position = fields[.prediction] {
            label.prediction = try reader.answer(
                event, position: position, subject: "prediction", batch: &batch)
        } else if label.id.isEmpty {
            throw EventError(
                .missingField, key: .id,
                rule:
                    "or prediction is required: a label needs the id of its prediction, or the prediction itself"
            )
        }
        if let position = fields[.score] {
            label.score = try event.number(position, rule: .probability, subject: "score")
        }
        let isJoined = fields[.prediction] == nil
        label.scope = try reader.scope(
            event, fields: fields, absentVersion: isJoined ? nil : "unversioned", batch: &batch)
        let first = batch.labelGroups.count
        if let position = fields[.groups] {
            try reader.forEachKey(event, position: position, subject: "groups", batch: &batch) {
                (facet, value, batch: inout Batch) throws(EventError) in
                batch.appendLabelGroup(
                    facet,
                    group: try limits.name(event, position: value, subject: "groups", batch: &batch)
                )
            }
        }
        label.groups = first..<batch.labelGroups.count
        batch.append(label)
    }
}
