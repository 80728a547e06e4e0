package import Wire

/// A model was loaded or unloaded, or its facts are given.
package struct ModelEvent: Sendable {
    package enum Change: UInt8, Sendable {
        /// The event has no `event`: it only gives facts.
        case facts
        case loaded, unloaded
    }

    /// The event's place in the body, from 0.
    package var item: UInt32 = 0
    /// Index in `Batch.scopes`.
    package var scope = 0
    package var change = Change.facts
    /// `none` if absent.
    package var framework = Symbol.none
    /// `none` if absent.
    package var gitSHA = Symbol.none
    /// Unix seconds; NaN if absent.
    package var trainedAt = Double.nan

    package init() {}
}

extension Batch {
    /// The model events in the order of the body.
    package var modelEvents: [ModelEvent] { lists.models }

    package mutating func append(_ event: ModelEvent) { lists.models.append(event) }
}

extension ModelEvent: BatchEvents {
    package static var kind: EventKind { .model }

    package static func count(in batch: borrowing Batch) -> Int { batch.lists.models.count }

    package static func removeAll(from batch: inout Batch) {
        batch.lists.models.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        batch.lists.models.capacity * MemoryLayout<ModelEvent>.stride
    }

    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(batch.lists.models) { event, record in
            record.write(UInt64(event.item))
            record.write(count: event.scope)
            record.write(UInt64(event.change.rawValue))
            record.write(event.framework)
            record.write(event.gitSHA)
            record.write(event.trainedAt)
        }
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            var event = ModelEvent()
            event.item = UInt32(truncatingIfNeeded: record.number())
            event.scope = record.number(below: batch.scopes.count)
            event.change = Change(rawValue: UInt8(record.number(below: 3))) ?? .facts
            event.framework = batch.name(&record)
            event.gitSHA = batch.name(&record)
            event.trainedAt = record.double()
            batch.append(event)
        }
    }
}
