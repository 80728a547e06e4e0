internal import Kernel
internal import Observation

/// The bounds of a number. Every measure has some, so that no sum leaves the finite numbers.
struct NumberRule: Sendable {
    let isWhole: Bool
    let least: Double
    let most: Double
    /// The rest of the sentence about a number that breaks the rule.
    let text: StaticString

    /// A duration: at most a year, in seconds.
    static let seconds = NumberRule(
        isWhole: false, least: 0, most: 31_536_000,
        text: "must be a number of seconds from 0 to 31536000")
    /// Tokens of one request.
    static let tokens = NumberRule(
        isWhole: true, least: 0, most: 1e12, text: "must be a whole number from 0 to 1000000000000")
    /// Rows of one request.
    static let batchSize = NumberRule(
        isWhole: true, least: 1, most: 1e9, text: "must be a whole number from 1 to 1000000000")
    static let probability = NumberRule(
        isWhole: false, least: 0, most: 1, text: "must be a number from 0 to 1")
    /// Requests in flight or waiting in one producer: sums over 10,000 producers stay exact.
    static let requests = NumberRule(
        isWhole: false, least: 0, most: 1e12, text: "must be a number from 0 to 1000000000000")
    /// Requests that one event represents: up to 2^53 a double holds every whole number.
    static let count = NumberRule(
        isWhole: true, least: 1, most: 9_007_199_254_740_992,
        text: "must be a whole number from 1 to 9007199254740992")
    /// One of the counts of a counted event.
    static let part = NumberRule(
        isWhole: true, least: 0, most: 9_007_199_254_740_992,
        text: "must be a whole number from 0 to 9007199254740992")
    /// Rows of training data.
    static let rows = NumberRule(
        isWhole: true, least: 0, most: 9_007_199_254_740_992,
        text: "must be a whole number from 0 to 9007199254740992")
    /// Epochs, steps, Unix seconds.
    static let notNegative = NumberRule(
        isWhole: false, least: 0, most: .greatestFiniteMagnitude,
        text: "must be a number, 0 or greater")
    static let finite = NumberRule(
        isWhole: false, least: -.greatestFiniteMagnitude, most: .greatestFiniteMagnitude,
        text: "must be a number")
    /// A KPI: 10^208 increments of the largest value still have a finite sum.
    static let business = NumberRule(
        isWhole: false, least: -1e100, most: 1e100, text: "must be a number from -1e100 to 1e100")

    @inline(__always)
    func admits(_ number: Double) -> Bool {
        number >= least && number <= most && (!isWhole || number.rounded() == number)
    }
}

/// A number that is observed of each request.
struct MeasureField: Sendable {
    let key: StaticString
    let measure: Measure
    let rule: NumberRule

    static let stages = [
        MeasureField(key: "queue", measure: .stageQueue, rule: .seconds),
        MeasureField(key: "preprocess", measure: .stagePreprocess, rule: .seconds),
        MeasureField(key: "inference", measure: .stageInference, rule: .seconds),
        MeasureField(key: "postprocess", measure: .stagePostprocess, rule: .seconds),
        MeasureField(key: "prefill", measure: .stagePrefill, rule: .seconds),
        MeasureField(key: "decode", measure: .stageDecode, rule: .seconds),
    ]
    static let tokens = [
        MeasureField(key: "input", measure: .inputTokens, rule: .tokens),
        MeasureField(key: "output", measure: .outputTokens, rule: .tokens),
    ]
    static let duration = MeasureField(
        key: "duration_seconds", measure: .duration, rule: .seconds)
    static let timeToFirstToken = MeasureField(
        key: "time_to_first_token_seconds", measure: .timeToFirstToken, rule: .seconds)
    static let timePerOutputToken = MeasureField(
        key: "time_per_output_token_seconds", measure: .timePerOutputToken, rule: .seconds)
    static let score = MeasureField(key: "score", measure: .score, rule: .probability)
}
