internal import Kernel
internal import Observation

/// Values of an event, checked. `null` counts as absent.
extension JSONValue {
    func isNull(_ position: Int) -> Bool { kind(position) == .null }

    /// A number within the bounds of a rule.
    @inline(__always)
    func number(
        _ position: Int, rule: NumberRule, subject: StaticString
    ) throws(EventError) -> Double {
        if kind(position) == .number {
            let number = number(position)
            if rule.admits(number) { return number }
        }
        throw notInRule(position, rule: rule, subject: subject)
    }

    /// A whole number within the bounds of a rule.
    @inline(__always)
    func whole(
        _ position: Int, rule: NumberRule, subject: StaticString
    ) throws(EventError) -> UInt64 {
        UInt64(try number(position, rule: rule, subject: subject))
    }

    private func notInRule(
        _ position: Int, rule: NumberRule, subject: StaticString
    ) -> EventError {
        let isNumber = kind(position) == .number || kind(position) == .largeNumber
        return EventError(
            isNumber ? .badValue : .wrongType, subject: subject, rule: rule.text,
            position: position)
    }

    /// A string of at most `limit` bytes.
    @inline(__always)
    @_lifetime(copy self)
    func text(
        _ position: Int, limit: Int, subject: StaticString
    ) throws(EventError) -> Span<UInt8> {
        try requireString(position, subject: subject)
        if count(position) > limit {
            throw EventError(
                .tooLong, subject: subject, limit: limit, unit: "bytes", position: position)
        }
        return text(position)
    }

    @inline(__always)
    func requireString(_ position: Int, subject: StaticString) throws(EventError) {
        if kind(position) == .string { return }
        throw kind(position) == .badString
            ? EventError(
                .badText, subject: subject,
                rule: "must not contain U+0000 or an unpaired surrogate", position: position)
            : EventError(.wrongType, subject: subject, rule: "must be a string", position: position)
    }

    /// A key of an object: not empty, at most `limit` bytes.
    @_lifetime(copy self)
    func key(
        _ position: Int, limit: Int, subject: StaticString
    ) throws(EventError) -> Span<UInt8> {
        if kind(position) == .badString {
            throw EventError(
                .badText, subject: subject,
                rule: "has a key with U+0000 or an unpaired surrogate")
        }
        let length = count(position)
        if length == 0 { throw EventError(.badValue, subject: subject, rule: "has an empty key") }
        if length > limit {
            throw EventError(
                .tooLong, subject: subject, rule: "must have keys of at most", limit: limit,
                unit: "bytes", position: position)
        }
        return text(position)
    }

    /// The number of members of an object.
    func object(_ position: Int, subject: StaticString) throws(EventError) -> Int {
        guard kind(position) == .object else {
            throw EventError(
                .wrongType, subject: subject, rule: "must be an object", position: position)
        }
        return count(position)
    }

    /// The number of elements of an array.
    func array(
        _ position: Int, subject: StaticString, rule: StaticString = "must be an array"
    ) throws(EventError) -> Int {
        guard kind(position) == .array else {
            throw EventError(.wrongType, subject: subject, rule: rule, position: position)
        }
        return count(position)
    }
}
