internal import Observation
internal import Series

extension DropReason {
    /// How the answer to a push calls it.
    var code: RejectionCode {
        switch self {
        case .modelLimit: .modelLimit
        case .versionLimit, .variantLimit: .versionLimit
        case .labelLimit: .labelLimit
        case .seriesLimit, .versionSeriesLimit, .reasonLimit, .featureLimit, .leaseLimit,
            .pageLimit, .processLimit:
            .seriesLimit
        }
    }

    /// What was met, for people.
    var sentence: String {
        switch self {
        case .seriesLimit:
            "the daemon keeps as many series as it may (--push.max-series); series that exist go on"
        case .versionSeriesLimit: "the model version has as many series as it may have"
        case .modelLimit: "there are as many models as there may be"
        case .versionLimit: "the model has as many versions as it may have; retire one"
        case .variantLimit: "the model version has as many variants as it may have"
        case .reasonLimit: "there are as many reasons as there may be"
        case .featureLimit: "there are as many features as there may be"
        case .leaseLimit: "gauges of as many producers as possible are summed already"
        case .labelLimit: "there are as many labels as there may be"
        case .processLimit: "as many processes of producers as possible are told about"
        case .pageLimit: "the labels of all series take as much of the page as they may"
        }
    }
}

extension BatchOutcome {
    /// Refuses an item and counts why.
    mutating func refuse(_ item: UInt32, reason: DropReason, budget: SeriesBudget) {
        budget.drop(reason)
        reject(Int(item), code: reason.code, detail: reason.sentence)
    }
}
