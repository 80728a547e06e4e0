package import Exposition

/// The settings of models.
package struct ModelSettings: Sendable, Equatable {
    /// The settings of one model, or of all.
    package struct Rules: Sendable, Equatable {
        /// Bounds of histograms, where they differ from the default.
        package var buckets: [BucketFamily: BucketBounds] = [:]
        /// Labels that business metrics can have beside `model` and `kpi`.
        package var businessLabels: Set<String> = []
        /// Rows after which the model should be retrained.
        package var retrainObservationThreshold: Double?

        package init() {}
    }

    package static let standardTimeToLive = Duration.seconds(24 * 60 * 60)

    /// Facts of a model (training, business metrics, labels without a version) expire so long after
    /// the last push about the model: retraining every quarter keeps them.
    package static let factsTimeToLive = Duration.seconds(100 * 24 * 60 * 60)

    /// `--push.model-ttl`: how long a version stays after its last push.
    package var timeToLive = ModelSettings.standardTimeToLive
    /// The rules of every model without rules of its own.
    package var rules = Rules()
    /// Rules by model: buckets are added to those of `rules`, the others replace them.
    package var models: [String: Rules] = [:]

    package init() {}

    /// The rules of a model.
    package func rules(of model: String) -> Rules {
        guard let own = models[model] else { return rules }
        var merged = rules
        merged.buckets.merge(own.buckets) { $1 }
        if !own.businessLabels.isEmpty { merged.businessLabels = own.businessLabels }
        if let threshold = own.retrainObservationThreshold {
            merged.retrainObservationThreshold = threshold
        }
        return merged
    }
}
