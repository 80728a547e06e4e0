internal import Kernel
internal import Observation

/// Values of an event as what they must be. `null` counts as absent wherever a value may be.
extension JSONValue {
    func isNull(_ position: Int) -> Bool { kind(position) == .null }

    /// A finite number that is not negative.
    @inline(__always)
    func amount(_ position: Int, subject: StaticString) throws(EventError) -> Double {
        guard kind(position) == .number else { throw notANumber(position, subject: subject) }
        let number = number(position)
        if number < 0 {
            throw EventError(.badValue, subject: subject, rule: "must not be negative")
        }
        return number
    }

    /// A finite number.
    @inline(__always)
    func finite(_ position: Int, subject: StaticString) throws(EventError) -> Double {
        guard kind(position) == .number else { throw notANumber(position, subject: subject) }
        return number(position)
    }

    /// A number within 0...1.
    func probability(_ position: Int, subject: StaticString) throws(EventError) -> Double {
        let number = try finite(position, subject: subject)
        if number < 0 || number > 1 {
            throw EventError(.badValue, subject: subject, rule: "must be within 0 and 1")
        }
        return number
    }

    /// A whole number of things, from `least` to 2^53.
    func whole(
        _ position: Int, from least: Double, subject: StaticString
    ) throws(EventError) -> UInt64 {
        let number = try finite(position, subject: subject)
        guard number >= least, number <= 9_007_199_254_740_992, number.rounded() == number else {
            throw least == 0
                ? EventError(
                    .badValue, subject: subject, rule: "must be a whole number of at least 0")
                : EventError(
                    .badValue, subject: subject, rule: "must be a whole number of at least 1")
        }
        return UInt64(number)
    }

    /// A text of at most `limit` bytes.
    @inline(__always)
    @_lifetime(copy self)
    func text(
        _ position: Int, limit: Int, subject: StaticString
    ) throws(EventError) -> Span<UInt8> {
        guard kind(position) == .string else {
            throw kind(position) == .badString
                ? EventError(
                    .badText, subject: subject, rule: "holds an escape that is no character")
                : EventError(.wrongType, subject: subject, rule: "must be a string")
        }
        if count(position) > limit {
            throw EventError(.tooLong, subject: subject, rule: "is longer than the limit")
        }
        return text(position)
    }

    /// A key of an object at most `limit` bytes long, not empty.
    @_lifetime(copy self)
    func key(
        _ position: Int, limit: Int, subject: StaticString
    ) throws(EventError) -> Span<UInt8> {
        if kind(position) == .badString {
            throw EventError(
                .badText, subject: subject, rule: "has a key with an escape that is no character")
        }
        let length = count(position)
        if length == 0 { throw EventError(.badValue, subject: subject, rule: "has an empty key") }
        if length > limit {
            throw EventError(.tooLong, subject: subject, rule: "has a key that is too long")
        }
        return text(position)
    }

    /// Makes sure of an object; returns how many members it has.
    func object(_ position: Int, subject: StaticString) throws(EventError) -> Int {
        guard kind(position) == .object else {
            throw EventError(.wrongType, subject: subject, rule: "must be an object")
        }
        return count(position)
    }

    /// Makes sure of an array; returns how many elements it has.
    func array(_ position: Int, subject: StaticString) throws(EventError) -> Int {
        guard kind(position) == .array else {
            throw EventError(.wrongType, subject: subject, rule: "must be an array")
        }
        return count(position)
    }

    private func notANumber(_ position: Int, subject: StaticString) -> EventError {
        kind(position) == .largeNumber
            ? EventError(.badValue, subject: subject, rule: "is a number too large for a double")
            : EventError(.wrongType, subject: subject, rule: "must be a number")
    }
}
