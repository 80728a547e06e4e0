package import Wire

/// The current load of a producer. A number that is NaN leaves the gauge unchanged.
package struct StateEvent: Sendable {
    /// The event's place in the body, from 0.
    package var item: UInt32 = 0
    /// Index in `Batch.scopes`.
    package var scope = 0
    /// Requests being served. Not negative.
    package var inFlight = Double.nan
    /// Requests waiting. Not negative.
    package var queueLength = Double.nan
    /// The used share of the cache of keys and values, 0 to 1.
    package var cacheUsage = Double.nan

    package init() {}
}

extension Batch {
    /// The state events in the order of the body.
    package var states: [StateEvent] { lists.states }

    package mutating func append(_ state: StateEvent) { lists.states.append(state) }
}

extension StateEvent: BatchEvents {
    package static var kind: EventKind { .state }

    package static func count(in batch: borrowing Batch) -> Int { batch.lists.states.count }

    package static func removeAll(from batch: inout Batch) {
        batch.lists.states.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        batch.lists.states.capacity * MemoryLayout<StateEvent>.stride
    }

    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(batch.lists.states) { state, record in
            record.write(UInt64(state.item))
            record.write(count: state.scope)
            record.write(state.inFlight)
            record.write(state.queueLength)
            record.write(state.cacheUsage)
        }
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        read(&record, into: &batch, haveCacheUsage: true)
    }

    /// Reads the events; those of form 1 have no `cacheUsage`.
    static func read(
        _ record: inout ByteReader, into batch: inout Batch, haveCacheUsage: Bool
    ) {
        for _ in 0..<record.count() {
            var state = StateEvent()
            state.item = UInt32(truncatingIfNeeded: record.number())
            state.scope = record.number(below: batch.scopes.count)
            state.inFlight = record.double()
            state.queueLength = record.double()
            if haveCacheUsage { state.cacheUsage = record.double() }
            batch.append(state)
        }
    }
}
