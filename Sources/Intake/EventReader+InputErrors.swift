internal import Kernel
internal import Observation

/// The errors that the producer found in its own input.
extension EventReader {
    /// An entry of `input_errors`.
    struct InputErrorEntry {
        var feature: Symbol
        var reason: InputReason
        var rows: UInt64
    }

    private static let shape: StaticString =
        "must be an array of objects {\"feature\", \"reason\", \"rows\"}"

    /// Reads the array and calls `body` with each entry. `size` is the event's `batch_size`.
    mutating func forEachInputError(
        _ event: JSONValue, position: Int, size: UInt64, batch: inout Batch,
        body: (InputErrorEntry, inout Batch) -> Void
    ) throws(EventError) {
        let count = try event.array(position, subject: "input_errors", rule: EventReader.shape)
        if count > limits.entries {
            throw EventError(
                .tooMany, subject: "input_errors", limit: limits.entries, unit: "entries",
                position: position)
        }
        var next = position + 1
        for index in 0..<count {
            do throws(EventError) {
                let entry = try inputError(event, position: next, size: size, batch: &batch)
                body(entry, &batch)
            } catch {
                throw error.inElement(index)
            }
            next = event.end(next)
        }
    }

    private mutating func inputError(
        _ event: JSONValue, position: Int, size: UInt64, batch: inout Batch
    ) throws(EventError) -> InputErrorEntry {
        let subject: StaticString = "input_errors"
        guard event.kind(position) == .object else {
            throw EventError(
                .wrongType, subject: subject,
                rule:
                    "must be an object {\"feature\", \"reason\", \"rows\"}; input_errors is an array of them",
                position: position)
        }
        var feature = Symbol.none
        var reason: InputReason?
        var rows: UInt64?
        var next = position + 1
        let end = event.end(position)
        while next < end {
            let key = event.kind(next) == .key ? event.text(next) : Span()
            let value = next + 1
            if event.isNull(value) {
                next = event.end(value)
                continue
            }
            if key.equals("feature") {
                if !feature.isNone { throw EventReader.repeated(subject, part: "feature") }
                feature = try limits.name(event, position: value, subject: subject, batch: &batch)
            } else if key.equals("reason") {
                if reason != nil { throw EventReader.repeated(subject, part: "reason") }
                reason = try inputReason(event, position: value)
            } else if key.equals("rows") {
                if rows != nil { throw EventReader.repeated(subject, part: "rows") }
                rows = try EventReader.rows(event, position: value, size: size)
            } else {
                recordUnknown(
                    event, position: next, inside: "input_errors",
                    near: ["feature", "reason", "rows"],
                    batch: &batch)
            }
            next = event.end(value)
        }
        guard !feature.isNone, let reason else {
            throw EventError(
                .missingField, subject: subject, rule: "must have the keys feature and reason",
                position: nil)
        }
        return InputErrorEntry(feature: feature, reason: reason, rows: rows ?? 1)
    }

    private func inputReason(_ event: JSONValue, position: Int) throws(EventError) -> InputReason {
        try event.requireString(position, subject: "input_errors")
        let text = event.text(position)
        for reason in InputReason.allCases where text.equals(reason.name) { return reason }
        return .custom
    }

    private static func rows(
        _ event: JSONValue, position: Int, size: UInt64
    ) throws(EventError) -> UInt64 {
        let rows: UInt64
        do throws(EventError) {
            rows = try event.whole(position, rule: .batchSize, subject: "input_errors")
        } catch {
            var error = error
            error.part = "rows"
            throw error
        }
        if rows > size {
            var error = EventError(
                .badValue, subject: "input_errors", rule: "must be at most the batch_size of",
                limit: Int(size), unit: "", position: position)
            error.part = "rows"
            throw error
        }
        return rows
    }

    static func repeated(_ subject: StaticString, part: StaticString) -> EventError {
        var error = EventError(.duplicateKey, subject: subject, rule: "is given twice")
        error.part = part
        return error
    }
}
