internal import Observation

/// One array of the columns form.
struct Column {
    enum Content {
        case outcome, reason, finishReason, size, prediction, inputErrors, id, trace, timestamp
        case measure(Measure, NumberRule)
        case feature(Symbol)
        case score(Symbol)
        case group(Symbol)
        case attribution(Symbol)
    }

    let content: Content
    /// The key, for errors.
    let subject: StaticString
    /// The position of the array.
    let position: Int
    /// The position of the key inside the subject, as in `features.age`; nil for a top-level key.
    let member: Int?
}

/// The rows of columns while they are checked.
struct ColumnRows {
    private(set) var count = 0
    var outcomes: [RequestOutcome] = []
    var reasons: [Symbol] = []
    var sizes: [UInt64] = []
    private(set) var isRefused: [Bool] = []
    /// The first error of each refused row.
    private(set) var problems: [(row: Int, problem: EventError)] = []
    /// The batch's row of each that is not refused.
    var rows: [Int] = []

    mutating func begin(_ count: Int) {
        self.count = count
        outcomes.removeAll(keepingCapacity: true)
        outcomes.append(contentsOf: repeatElement(.ok, count: count))
        reasons.removeAll(keepingCapacity: true)
        reasons.append(contentsOf: repeatElement(.none, count: count))
        sizes.removeAll(keepingCapacity: true)
        sizes.append(contentsOf: repeatElement(1, count: count))
        isRefused.removeAll(keepingCapacity: true)
        isRefused.append(contentsOf: repeatElement(false, count: count))
        problems.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
    }

    mutating func refuse(_ row: Int, problem: EventError) {
        if isRefused[row] { return }
        isRefused[row] = true
        problems.append((row, problem))
    }
}
