internal import Observation

/// Why an event is refused: made without allocation, told as a sentence only where somebody reads
/// it.
struct EventError: Error {
    let code: RejectionCode
    /// The key that it is about.
    let subject: StaticString
    /// What the key must be, or what is wrong with it.
    let rule: StaticString

    init(_ code: RejectionCode, subject: StaticString, rule: StaticString) {
        self.code = code
        self.subject = subject
        self.rule = rule
    }

    init(_ code: RejectionCode, key: Key, rule: StaticString) {
        self.init(code, subject: key.text, rule: rule)
    }

    var sentence: String { "\(subject) \(rule)" }
}
