internal import Kernel
internal import Observation

extension ModelEvent: ReadableEvent {
    static let keys: KeySet = [.event, .framework, .gitSHA, .trainedAt]

    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let (value, fields) = (source.value, source.fields)
        var event = ModelEvent()
        event.item = UInt32(truncatingIfNeeded: source.item)
        event.scope = try reader.scope(
            value, fields: fields, absentVersion: "unversioned", batch: &batch)
        if let position = fields[.event] {
            event.change = try change(value, position: position)
        }
        if let position = fields[.framework] {
            event.framework = try reader.word(
                value, position: position, subject: "framework", batch: &batch)
        }
        if let position = fields[.gitSHA] {
            event.gitSHA = try reader.word(
                value, position: position, subject: "git_sha", batch: &batch)
        }
        if let position = fields[.trainedAt] {
            event.trainedAt = try value.number(
                position, rule: .notNegative, subject: "trained_at")
        }
        batch.append(event)
    }

    private static func change(_ event: JSONValue, position: Int) throws(EventError) -> Change {
        try event.requireString(position, subject: "event")
        let text = event.text(position)
        if text.equals("loaded") { return .loaded }
        if text.equals("unloaded") { return .unloaded }
        throw EventError(
            .badValue, key: .event, rule: "must be one of loaded, unloaded", position: position)
    }
}
