package import Exposition

/// The histograms whose bounds the settings can set.
package enum BucketFamily: String, Sendable, CaseIterable {
    case duration = "ml_request_duration_seconds"
    case stage = "ml_request_stage_duration_seconds"
    case batchSize = "ml_request_batch_size"
    case timeToFirstToken = "ml_time_to_first_token_seconds"
    case timePerOutputToken = "ml_time_per_output_token_seconds"
    case requestTokens = "ml_request_tokens"

    /// The default bounds. Those of tokens are the ones of OpenTelemetry's semantic conventions for
    /// generative AI.
    package var standard: BucketBounds {
        switch self {
        case .duration, .stage:
            BucketBounds(ascending: [
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
                30, 60, 120,
            ])
        case .batchSize: BucketBounds(ascending: [1, 2, 4, 8, 16, 32, 64, 128, 256])
        case .timeToFirstToken:
            BucketBounds(ascending: [
                0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5,
                10,
            ])
        case .timePerOutputToken:
            BucketBounds(ascending: [
                0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
            ])
        case .requestTokens:
            BucketBounds(ascending: [
                1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5,
                1e6,
            ])
        }
    }
}
