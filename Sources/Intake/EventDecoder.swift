internal import Kernel
package import Observation

/// Decodes the JSON of `POST /v1/events`.
package struct EventDecoder: ~Copyable, BatchDecoder {
    package enum Form: Sendable {
        /// One object or an array of objects: a syntax error refuses the whole body.
        case json
        /// An object per line: a syntax error refuses its line.
        case lines
    }

    package static var padding: Int { JSONReader.padding }

    private var json: JSONReader
    private var reader: EventReader
    private let tokenLimit: Int

    package init(limits: EventLimits = EventLimits()) {
        tokenLimit = limits.tokens
        json = JSONReader(tokenLimit: limits.tokens)
        reader = EventReader(limits)
    }

    package mutating func decode(
        _ body: Span<UInt8>, form: Form, now: Double, into batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(BodyError) -> Int {
        batch.removeAll()
        outcome.removeAll()
        reader.begin(now: now)
        // RFC 8259, section 8.1: a parser may ignore a byte order mark. Windows tools write one.
        let text = body.starts(with: "\u{FEFF}") ? body.extracting(droppingFirst: 3) : body
        if let cause = BodyDiagnosis.ofStart(text) { throw BodyError(sentence: cause) }
        switch form {
        case .json:
            try EventDecoder.decodeText(
                text, json: &json, reader: &reader, batch: &batch, outcome: &outcome)
        case .lines:
            EventDecoder.decodeLines(
                text, json: &json, reader: &reader, batch: &batch, outcome: &outcome)
        }
        return reader.items
    }

    package var keptBytes: Int { json.keptBytes }

    /// The memory that decoding a body may take besides the body and the batch, at most.
    package func workingBytes(_ body: Span<UInt8>, form: Form) -> Int {
        switch form {
        case .json: return JSONReader.workingBytes(body, tokenLimit: tokenLimit)
        case .lines:
            var most = 0
            var start = 0
            while start < body.count {
                let rest = body.extracting(droppingFirst: start)
                let length = rest.offset(of: 0x0A) ?? rest.count
                start += length + 1
                let line = rest.extracting(first: length)
                most = max(most, JSONReader.workingBytes(line, tokenLimit: tokenLimit))
            }
            return most
        }
    }

    private static func decodeText(
        _ body: Span<UInt8>, json: inout JSONReader, reader: inout EventReader,
        batch: inout Batch, outcome: inout BatchOutcome
    ) throws(BodyError) {
        guard json.open(body) else {
            throw BodyError(sentence: sentence(json.failure, body: body, form: .json))
        }
        while true {
            switch json.next() {
            case .element: reader.read(json.element, batch: &batch, outcome: &outcome)
            case .end: return
            case .failure:
                batch.removeAll()
                outcome.removeAll()
                throw BodyError(sentence: sentence(json.failure, body: body, form: .json))
            }
        }
    }

    /// The parser's message, or the cause that the text shows.
    private static func sentence(_ failure: String, body: Span<UInt8>, form: Form) -> String {
        BodyDiagnosis.ofText(body, form: form) ?? failure
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
                reader.refuse(
                    .syntax, detail: sentence(json.failure, body: line, form: .lines),
                    outcome: &outcome)
                continue
            }
            if json.isArray {
                reader.refuse(
                    .notAnObject,
                    detail:
                        "a line must be one object, found an array: send an array with Content-Type: application/json",
                    outcome: &outcome)
                continue
            }
            if json.next() == .element {
                reader.read(json.element, batch: &batch, outcome: &outcome)
            } else {
                reader.refuse(
                    .syntax, detail: sentence(json.failure, body: line, form: .lines),
                    outcome: &outcome)
            }
        }
    }
}
