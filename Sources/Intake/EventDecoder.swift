internal import Kernel
package import Observation

/// Why a whole body is refused.
package struct BodyError: Error, Sendable, Equatable {
    /// A sentence for people, without its full stop.
    package let sentence: String
}

/// Decodes the bodies of pushes into batches.
///
/// It keeps its memory from body to body, so that a further one of the same kind allocates nothing.
package struct EventDecoder: ~Copyable {
    /// How a body holds its events.
    package enum Form: Sendable {
        /// One object, or an array of objects: a mistake in the syntax refuses the whole body.
        case json
        /// An object per line: a mistake in the syntax costs its line.
        case lines
    }

    /// Bytes behind a body that must be readable, whatever they hold.
    package static let padding = JSONReader.padding

    private var json: JSONReader
    private var reader: EventReader

    package init(limits: EventLimits = EventLimits()) {
        json = JSONReader(tokenLimit: limits.tokens)
        reader = EventReader(limits)
    }

    /// Fills `batch` with what `body` says and `outcome` with the events that are refused. Both are
    /// emptied before. Returns how many events the body has, refused ones included.
    ///
    /// Behind the body there are `padding` bytes more that may be read. `now` is in Unix seconds.
    package mutating func decode(
        _ body: Span<UInt8>, form: Form, now: Double, into batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(BodyError) -> Int {
        batch.removeAll()
        outcome.removeAll()
        reader.begin(now: now)
        switch form {
        case .json:
            try EventDecoder.decodeText(
                body, json: &json, reader: &reader, batch: &batch, outcome: &outcome)
        case .lines:
            EventDecoder.decodeLines(
                body, json: &json, reader: &reader, batch: &batch, outcome: &outcome)
        }
        return reader.items
    }

    /// About how many bytes it holds on to.
    package var keptBytes: Int { json.keptBytes }

    private static func decodeText(
        _ body: Span<UInt8>, json: inout JSONReader, reader: inout EventReader,
        batch: inout Batch, outcome: inout BatchOutcome
    ) throws(BodyError) {
        guard json.open(body) else { throw BodyError(sentence: json.failure) }
        while true {
            switch json.next() {
            case .element: reader.read(json.element, batch: &batch, outcome: &outcome)
            case .end: return
            case .failure:
                batch.removeAll()
                outcome.removeAll()
                throw BodyError(sentence: json.failure)
            }
        }
    }

    private static func decodeLines(
        _ body: Span<UInt8>, json: inout JSONReader, reader: inout EventReader,
        batch: inout Batch, outcome: inout BatchOutcome
    ) {
        var start = 0
        while start < body.count {
            let rest = body.extracting(droppingFirst: start)
            let length = rest.offset(of: 0x0A) ?? rest.count
            start += length + 1
            let line = rest.extracting(first: length)
            if line.trimmed.isEmpty { continue }
            guard json.open(line) else {
                reader.refuse(.syntax, detail: json.failure, outcome: &outcome)
                continue
            }
            if json.isArray {
                reader.refuse(
                    .notAnObject, detail: "a line must hold one object", outcome: &outcome)
                continue
            }
            if json.next() == .element {
                reader.read(json.element, batch: &batch, outcome: &outcome)
            } else {
                reader.refuse(.syntax, detail: json.failure, outcome: &outcome)
            }
        }
    }
}
