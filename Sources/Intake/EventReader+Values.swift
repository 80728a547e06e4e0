internal import Kernel
internal import Observation

/// What the number of a measure must be.
enum NumberRule: Sendable {
    case amount
    case whole
    case wholeFromOne
    case probability
}

extension JSONValue {
    @inline(__always)
    func number(
        _ position: Int, rule: NumberRule, subject: StaticString
    ) throws(EventError) -> Double {
        switch rule {
        case .amount: try amount(position, subject: subject)
        case .whole: Double(try whole(position, from: 0, subject: subject))
        case .wholeFromOne: Double(try whole(position, from: 1, subject: subject))
        case .probability: try probability(position, subject: subject)
        }
    }
}

extension EventReader {
    func outcome(_ event: JSONValue, position: Int) throws(EventError) -> RequestOutcome {
        let text = try event.text(position, limit: limits.nameBytes, subject: "outcome")
        for outcome in RequestOutcome.allCases where text.equals(outcome.name) { return outcome }
        throw EventError(
            .badValue, key: .outcome,
            rule: "must be one of ok, client_error, server_error, timeout, rejected, cancelled")
    }

    /// The reason; none when it is empty.
    mutating func reason(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) -> Symbol {
        let text = try event.text(position, limit: limits.nameBytes, subject: "reason")
        if text.isEmpty { return .none }
        lastReason = batch.intern(text, guess: lastReason)
        return lastReason
    }

    /// The value of a feature; nil for a text that no text is.
    func feature(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) -> Value? {
        switch event.kind(position) {
        case .number: return Value(event.number(position))
        case .largeNumber: return .notFinite
        case .null: return .missing
        case .yes: return truth("true", batch: &batch)
        case .no: return truth("false", batch: &batch)
        case .string: return try text(event, position: position, subject: "features", batch: &batch)
        case .badString: return nil
        default:
            throw EventError(
                .wrongType, key: .features, rule: "must hold numbers, strings, booleans and null")
        }
    }

    /// What a model gives, or what is true: a number or a class.
    func answer(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Value {
        switch event.kind(position) {
        case .number: return Value(event.number(position))
        case .yes: return truth("true", batch: &batch)
        case .no: return truth("false", batch: &batch)
        case .string, .badString:
            let text = try event.text(position, limit: limits.valueBytes, subject: subject)
            if text.isEmpty {
                throw EventError(.badValue, subject: subject, rule: "must not be empty")
            }
            return Value(batch.keep(text))
        case .largeNumber:
            throw EventError(
                .badValue, subject: subject, rule: "is a number too large for a double")
        default:
            throw EventError(.wrongType, subject: subject, rule: "must be a string or a number")
        }
    }

    private func text(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Value {
        let text = try event.text(position, limit: limits.valueBytes, subject: subject)
        let isWord =
            text.count <= 9
            && (text.equals("NaN") || text.equals("Infinity") || text.equals("-Infinity"))
        return Value(batch.keep(text), isNotFinite: isWord)
    }

    private func truth(_ word: StaticString, batch: inout Batch) -> Value {
        Value(batch.text(batch.intern(word)))
    }

    func inputReason(_ event: JSONValue, position: Int) throws(EventError) -> InputReason {
        let text = try event.text(position, limit: limits.nameBytes, subject: "input_errors")
        for reason in InputReason.allCases where text.equals(reason.name) { return reason }
        return .custom
    }

    /// The feature and the reason of an entry of `input_errors`.
    func inputError(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) -> (feature: Symbol, reason: InputReason) {
        let subject: StaticString = "input_errors"
        _ = try event.object(position, subject: subject)
        var feature = Symbol.none
        var reason: InputReason?
        var next = position + 1
        let end = event.end(position)
        while next < end {
            let key = event.kind(next) == .key ? event.text(next) : Span()
            let value = next + 1
            if key.equals("feature") {
                if !feature.isNone {
                    throw EventError(.duplicateKey, subject: subject, rule: "has a key twice")
                }
                feature = try limits.name(event, position: value, subject: subject, batch: &batch)
            } else if key.equals("reason") {
                if reason != nil {
                    throw EventError(.duplicateKey, subject: subject, rule: "has a key twice")
                }
                reason = try inputReason(event, position: value)
            } else {
                batch.omissions.unknownFields &+= 1
            }
            next = event.end(value)
        }
        guard !feature.isNone, let reason else {
            throw EventError(
                .missingField, subject: subject, rule: "must hold a feature and a reason each")
        }
        return (feature, reason)
    }
}

extension EventLimits {
    /// A text that is a name, not empty.
    func name(
        _ event: JSONValue, position: Int, subject: StaticString, batch: inout Batch
    ) throws(EventError) -> Symbol {
        let text = try event.text(position, limit: nameBytes, subject: subject)
        if text.isEmpty { throw EventError(.badValue, subject: subject, rule: "must not be empty") }
        return batch.intern(text)
    }
}
