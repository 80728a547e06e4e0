package import Exposition

/// What a configuration says about models.
package struct ModelSettings: Sendable, Equatable {
    /// What is said of one model by its name, or of all.
    package struct Rules: Sendable, Equatable {
        /// Bounds of histograms that differ from the standard.
        package var buckets: [BucketFamily: BucketBounds] = [:]
        /// Labels that metrics of the business may carry beside `model` and `kpi`.
        package var businessLabels: Set<String> = []
        /// Rows after which the model should be trained anew.
        package var retrainObservationThreshold: Double?

        package init() {}
    }

    package static let standardTimeToLive = Duration.seconds(24 * 60 * 60)

    /// `--push.model-ttl`: a version that is silent for so long goes.
    package var timeToLive = ModelSettings.standardTimeToLive
    /// For every model that has no rules of its own.
    package var rules = Rules()
    /// What single models differ in; buckets add to those above, the rest replaces it.
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
