internal import Observation

/// A number that is observed of each request.
struct MeasureField: Sendable {
    let key: StaticString
    let measure: Measure
    let rule: NumberRule

    static let stages = [
        MeasureField(key: "queue", measure: .stageQueue, rule: .amount),
        MeasureField(key: "preprocess", measure: .stagePreprocess, rule: .amount),
        MeasureField(key: "inference", measure: .stageInference, rule: .amount),
        MeasureField(key: "postprocess", measure: .stagePostprocess, rule: .amount),
    ]
    static let tokens = [
        MeasureField(key: "input", measure: .inputTokens, rule: .whole),
        MeasureField(key: "output", measure: .outputTokens, rule: .whole),
    ]
    static let duration = MeasureField(
        key: "duration_seconds", measure: .duration, rule: .amount)
    static let timeToFirstToken = MeasureField(
        key: "time_to_first_token_seconds", measure: .timeToFirstToken, rule: .amount)
    static let timePerOutputToken = MeasureField(
        key: "time_per_output_token_seconds", measure: .timePerOutputToken, rule: .amount)
    static let score = MeasureField(key: "score", measure: .score, rule: .probability)
}
