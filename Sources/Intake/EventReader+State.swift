internal import Kernel
internal import Observation

extension StateEvent: ReadableEvent {
    static let keys: KeySet = [.inFlight, .queueLength, .kvCacheUsageRatio]

    static func read(
        _ source: borrowing EventSource, with reader: inout EventReader, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let (event, fields) = (source.value, source.fields)
        var state = StateEvent()
        state.item = UInt32(truncatingIfNeeded: source.item)
        state.scope = try reader.scope(
            event, fields: fields, absentVersion: "unversioned", batch: &batch)
        if let position = fields[.inFlight] {
            state.inFlight = try event.number(position, rule: .requests, subject: "in_flight")
        }
        if let position = fields[.queueLength] {
            state.queueLength = try event.number(
                position, rule: .requests, subject: "queue_length")
        }
        if let position = fields[.kvCacheUsageRatio] {
            state.cacheUsage = try event.number(
                position, rule: .probability, subject: "kv_cache_usage_ratio")
        }
        batch.append(state)
    }
}
