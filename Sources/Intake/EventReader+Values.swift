internal import Kernel
internal import Observation

extension EventReader {
    func outcome(_ event: JSONValue, position: Int) throws(EventError) -> RequestOutcome {
        try event.requireString(position, subject: "outcome")
        let text = event.text(position)
        for outcome in RequestOutcome.allCases where text.equals(outcome.name) { return outcome }
        throw EventError(
            .badValue, key: .outcome,
            rule: "must be one of ok, client_error, server_error, timeout, rejected, cancelled",
            position: position)
    }

    /// The reason; `none` if it is empty. A reason that is too long is cut and not refused: services
    /// put exception texts here, and a lost error is worse than a short reason.
    mutating func reason(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) -> Symbol {
        lastReason = try cutName(
            event, position: position, subject: "reason", guess: lastReason, batch: &batch)
        return lastReason
    }

    /// Why a language model ended its answer; `none` if the string is empty.
    mutating func finishReason(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) -> Symbol {
        lastFinishReason = try cutName(
            event, position: position, subject: "finish_reason", guess: lastFinishReason,
            batch: &batch)
        return lastFinishReason
    }

    /// A name that is cut at the limit; `none` if it is empty.
    private func cutName(
        _ event: JSONValue, position: Int, subject: StaticString, guess: Symbol,
        batch: inout Batch
    ) throws(EventError) -> Symbol {
        try event.requireString(position, subject: subject)
        var text = event.text(position)
        if text.isEmpty { return .none }
        if text.count > limits.nameBytes {
            text = text.cut(to: limits.nameBytes)
            batch.omissions.cutTexts &+= 1
        }
        return batch.intern(text, guess: guess)
    }

    /// The feature's value, or nil if the string has an invalid escape. A category that is too long
    /// is cut.
    func feature(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) -> Value? {
        switch event.kind(position) {
        case .number: return Value(event.number(position))
        case .largeNumber: return .notFinite
        case .null: return .missing
        case .yes: return boolean("true", batch: &batch)
        case .no: return boolean("false", batch: &batch)
        case .string: return category(event, position: position, batch: &batch)
        case .badString: return nil
        default: throw EventReader.notAFeature(position)
        }
    }

    static func notAFeature(_ position: Int) -> EventError {
        EventError(
            .wrongType, key: .features, rule: "must be a number, a string, a boolean or null",
            position: position)
    }

    /// A prediction or a label: a number or a class.
    func answer(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Value {
        switch event.kind(position) {
        case .number: return Value(event.number(position))
        case .yes: return boolean("true", batch: &batch)
        case .no: return boolean("false", batch: &batch)
        case .string, .badString:
            let text = try event.text(position, limit: limits.valueBytes, subject: subject)
            if text.isEmpty {
                throw EventError(
                    .badValue, subject: subject, rule: "must not be empty", position: position)
            }
            return Value(batch.store(text))
        case .largeNumber:
            throw EventError(
                .badValue, subject: subject, rule: "must be a number within the range of a double",
                position: position)
        default:
            throw EventError(
                .wrongType, subject: subject, rule: "must be a string, a number or a boolean",
                position: position)
        }
    }

    private func category(_ event: JSONValue, position: Int, batch: inout Batch) -> Value {
        var text = event.text(position)
        if text.count > limits.valueBytes {
            text = text.cut(to: limits.valueBytes)
            batch.omissions.cutTexts &+= 1
        }
        let isWord =
            text.count <= 9
            && (text.equals("NaN") || text.equals("Infinity") || text.equals("-Infinity"))
        return Value(batch.store(text), isNotFinite: isWord)
    }

    private func boolean(_ word: StaticString, batch: inout Batch) -> Value {
        Value(batch.text(batch.intern(word)))
    }

    /// A string that may be empty, which is the same as absent.
    func word(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Symbol {
        let text = try event.text(position, limit: limits.nameBytes, subject: subject)
        return text.isEmpty ? .none : batch.intern(text)
    }
}

extension EventLimits {
    /// A string that is a name: not empty.
    func name(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Symbol {
        let text = try event.text(position, limit: nameBytes, subject: subject)
        if text.isEmpty {
            throw EventError(
                .badValue, subject: subject, rule: "must not be empty", position: position)
        }
        return batch.intern(text)
    }
}
