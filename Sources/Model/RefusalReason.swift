internal import Observation
internal import Series

extension DropReason {
    /// The code of the answer.
    var code: RejectionCode {
        switch self {
        case .modelLimit: .modelLimit
        case .versionLimit, .variantLimit: .versionLimit
        case .seriesLimit, .versionSeriesLimit, .reasonLimit, .featureLimit, .leaseLimit,
            .pageLimit, .processLimit, .finishReasonLimit:
            .seriesLimit
        }
    }

    /// The sentence of the answer: which limit, its number, and what to do.
    func sentence(_ limits: SeriesLimits) -> String {
        switch self {
        case .seriesLimit:
            "series limit reached (--push.max-series=\(limits.series)); existing series are still updated"
        case .versionSeriesLimit:
            "series limit of the model version reached (\(limits.seriesPerVersion)); existing series are still updated"
        case .modelLimit:
            "model limit reached (\(limits.models)); DELETE /v1/models/{model} removes one"
        case .versionLimit:
            "version limit of the model reached (\(limits.versionsPerModel)); DELETE /v1/models/{model}/versions/{version} removes one"
        case .variantLimit:
            "variant limit of the model version reached (\(limits.variantsPerVersion))"
        case .reasonLimit: "limit of reasons reached (\(limits.reasons))"
        case .finishReasonLimit: "limit of finish reasons reached (\(limits.finishReasons))"
        case .featureLimit: "limit of features reached (\(limits.features))"
        case .leaseLimit: "limit of producers with a state reached (\(limits.leases))"
        case .processLimit: "limit of producer processes reached (\(limits.processes))"
        case .pageLimit:
            "limit of label bytes on the page reached (\(limits.pageBytes)); use shorter names"
        }
    }
}

extension BatchOutcome {
    /// Refuses an event that exceeds a limit, and counts the drop under the limit.
    mutating func refuse(_ item: UInt32, reason: DropReason, budget: SeriesBudget) {
        budget.drop(reason)
        reject(Int(item), code: reason.code, detail: reason.sentence(budget.limits))
    }
}
