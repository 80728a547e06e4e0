internal import Observation

/// One event of a body, as its reader gets it.
struct EventSource: ~Escapable {
    let value: JSONValue
    let fields: KnownFields
    /// The event's index in the body, from 0.
    let item: Int
    /// The state of the batch before the event.
    let mark: Batch.Checkpoint

    @_lifetime(copy value)
    init(_ value: JSONValue, fields: KnownFields, item: Int, mark: Batch.Checkpoint) {
        self.value = value
        self.fields = fields
        self.item = item
        self.mark = mark
    }
}

/// A kind of event that `EventReader` reads.
protocol ReadableEvent: BatchEvents {
    /// The keys of this kind, besides those that every event has (`Key.ofScope`).
    static var keys: KeySet { get }

    /// Appends the event to the batch. On an error the reader rolls the batch back.
    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError)
}

extension Key {
    /// The keys that events of every kind have.
    static let ofScope: KeySet = [.type, .model, .version, .variant, .timestamp]
}
