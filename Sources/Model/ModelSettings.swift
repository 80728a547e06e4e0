public import Exposition

/// What a configuration says about models.
public struct ModelSettings: Sendable, Equatable {
    /// What is said of one model by its name, or of all.
    public struct Rules: Sendable, Equatable {
        /// Bounds of histograms that differ from the standard.
        public var buckets: [BucketFamily: BucketBounds] = [:]
        /// Labels that metrics of the business may carry beside `model` and `kpi`.
        public var businessLabels: Set<String> = []
        /// Rows after which the model should be trained anew.
        public var retrainObservationThreshold: Double?

        public init() {}
    }

    public static let standardTimeToLive = Duration.seconds(24 * 60 * 60)

    /// `--push.model-ttl`: a version that is silent for so long goes.
    public var timeToLive = ModelSettings.standardTimeToLive
    /// For every model that has no rules of its own.
    public var rules = Rules()
    /// What single models differ in; buckets add to those above, the rest replaces it.
    public var models: [String: Rules] = [:]

    public init() {}

    /// The rules of a model.
    public func rules(of model: String) -> Rules {
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
