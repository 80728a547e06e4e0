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
    private let limits: EventLimits

    package init(limits: EventLimits = EventLimits()) {
        self.limits = limits
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
        let allowance = CPUAllowance(limits.decodingTime)
        switch form {
        case .json:
            try EventDecoder.decodeText(
                text, json: &json, reader: &reader, allowance: allowance, batch: &batch,
                outcome: &outcome)
        case .lines:
            try EventDecoder.decodeLines(
                text, json: &json, reader: &reader, allowance: allowance, batch: &batch,
                outcome: &outcome)
        }
        return reader.items
    }

    /// The end of a body that costs more than its size says; nothing of it is kept.
    private static func stop(
        _ allowance: CPUAllowance, batch: inout Batch, outcome: inout BatchOutcome
    ) -> BodyError {
        batch.removeAll()
        outcome.removeAll()
        return BodyError(
            sentence: "decoding the body takes more than \(allowance.seconds) s of CPU time",
            isTooCostly: true)
    }

    package var keptBytes: Int { json.keptBytes }

    /// The memory that decoding a body may take besides the body and the batch, at most.
    package func workingBytes(_ body: Span<UInt8>, form: Form) -> Int {
        switch form {
        case .json: return JSONReader.workingBytes(body, tokenLimit: limits.tokens)
        case .lines:
            var most = 0
            var start = 0
            while start < body.count {
                let rest = body.extracting(droppingFirst: start)
                let length = rest.offset(of: 0x0A) ?? rest.count
                start += length + 1
                let line = rest.extracting(first: length)
                most = max(most, JSONReader.workingBytes(line, tokenLimit: limits.tokens))
            }
            return most
        }
    }

    private static func decodeText(
        _ body: Span<UInt8>, json: inout JSONReader, reader: inout EventReader,
        allowance: CPUAllowance, batch: inout Batch, outcome: inout BatchOutcome
    ) throws(BodyError) {
        var allowance = allowance
        guard json.open(body) else {
            throw BodyError(sentence: sentence(json.failure, body: body, form: .json))
        }
        while true {
            switch json.next() {
            case .element:
                reader.read(json.element, batch: &batch, outcome: &outcome)
                // One element can be the whole body: then the clock is asked at once.
                let isLarge = json.tokenCount > 1_000
                if isLarge ? allowance.isUsedUpNow : allowance.isUsedUp() {
                    throw stop(allowance, batch: &batch, outcome: &outcome)
                }
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
        allowance: CPUAllowance, batch: inout Batch, outcome: inout BatchOutcome
    ) throws(BodyError) {
        var allowance = allowance
        var start = 0
        while start < body.count {
            if allowance.isUsedUp() { throw stop(allowance, batch: &batch, outcome: &outcome) }
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
