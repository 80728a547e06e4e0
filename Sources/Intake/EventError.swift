internal import Kernel
internal import Observation

/// Why an event is refused: the key, the rule that its value breaks, and where the value is.
///
/// Making one allocates nothing, because a push may have 10,000 wrong events and an answer lists 20
/// of them. `sentence(in:)` makes the text.
struct EventError: Error {
    let code: RejectionCode
    /// The top-level key.
    let subject: StaticString
    /// The rest of the sentence, such as "must be an object". It ends with a number if `limit` is
    /// given.
    let rule: StaticString
    /// The limit that the rule names.
    var limit: Int?
    /// What the limit counts.
    var unit: StaticString = ""
    /// The position of the wrong value; nil for a missing key.
    var position: Int?
    /// The position of the key inside the subject, for `features.age`.
    var member: Int?
    /// The index inside an array, for `input_errors[2]`.
    var element: Int?
    /// A fixed key inside the member or the element, for `input_errors[2].rows`.
    var part: StaticString = ""

    init(
        _ code: RejectionCode, subject: StaticString, rule: StaticString, position: Int? = nil
    ) {
        self.code = code
        self.subject = subject
        self.rule = rule
        self.position = position
    }

    init(_ code: RejectionCode, key: Key, rule: StaticString, position: Int? = nil) {
        self.init(code, subject: key.text, rule: rule, position: position)
    }

    /// A value beyond a limit: "must have at most 255 bytes".
    init(
        _ code: RejectionCode, subject: StaticString, rule: StaticString = "must have at most",
        limit: Int, unit: StaticString, position: Int? = nil
    ) {
        self.init(code, subject: subject, rule: rule, position: position)
        self.limit = limit
        self.unit = unit
    }

    /// The error with the position of the key inside the subject, unless it has one.
    func inMember(_ member: Int) -> EventError {
        var error = self
        if error.member == nil { error.member = member }
        return error
    }

    /// The error of a member of `stages` or `tokens`: its subject is the object's key.
    func inside(_ subject: StaticString, member: Int) -> EventError {
        var error = EventError(code, subject: subject, rule: rule, position: position)
        error.limit = limit
        error.unit = unit
        error.element = element
        error.part = part
        error.member = self.member ?? member
        return error
    }

    /// The error with the index inside the subject's array, unless it has one.
    func inElement(_ element: Int, part: StaticString = "") -> EventError {
        var error = self
        if error.element == nil { error.element = element }
        if error.part.utf8CodeUnitCount == 0 { error.part = part }
        return error
    }

    /// The sentence for the answer: path, rule, limit, and what was found. `prefix` is the path of
    /// the object that holds the subject, `columns.` for columns; `row` is the index in a column.
    func sentence(in event: JSONValue, prefix: StaticString = "", row: Int? = nil) -> String {
        var text = "\(prefix)\(subject)"
        if let member { text += ".\(EventError.shortened(event.text(member)))" }
        if let row { text += "[\(row)]" }
        if let element { text += "[\(element)]" }
        if part.utf8CodeUnitCount > 0 { text += ".\(part)" }
        text += " \(rule)"
        if let limit { text += " \(limit)" }
        if unit.utf8CodeUnitCount > 0 { text += " \(unit)" }
        if let found = found(in: event) { text += ", found \(found)" }
        return text
    }

    private func found(in event: JSONValue) -> String? {
        guard let position else { return nil }
        switch event.kind(position) {
        case .object:
            return code == .tooMany ? "\(event.count(position))" : "an object"
        case .array:
            return code == .tooMany || code == .lengthMismatch
                ? "\(event.count(position))" : "an array"
        case .string, .key:
            if code == .tooLong { return "\(event.count(position))" }
            return "\"\(EventError.shortened(event.text(position)))\""
        case .badString: return nil
        case .number:
            let number = event.number(position)
            // Whole numbers without ".0", as the client wrote them.
            return number == number.rounded() && abs(number) < 1e15
                ? "\(Int(number))" : "\(number)"
        case .largeNumber: return "a number beyond the range of a double"
        case .yes: return "true"
        case .no: return "false"
        case .null: return "null"
        }
    }

    /// At most 40 bytes of a client's string, cut at a character, so that answers stay short.
    static func shortened(_ text: Span<UInt8>) -> String {
        text.count <= 40 ? text.string : text.cut(to: 40).string + "..."
    }
}

extension Span<UInt8> {
    /// The longest prefix of at most `limit` bytes that does not end inside a UTF-8 character.
    @_lifetime(copy self)
    func cut(to limit: Int) -> Span<UInt8> {
        if count <= limit { return extracting(0..<count) }
        var end = limit
        // Bytes 10xxxxxx continue a character.
        while end > 0, self[end] & 0xC0 == 0x80 { end -= 1 }
        return extracting(first: end)
    }
}
