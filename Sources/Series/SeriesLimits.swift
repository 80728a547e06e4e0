/// The limits of pushed series. A limit bounds memory and the size of a page; the figures are the
/// largest that keep the daemon within its memory budget (docs/architecture.md).
package struct SeriesLimits: Sendable, Equatable {
    /// `--push.max-series`: series in all.
    package var series = 100_000
    /// Bytes that the labels of all series can take on a page: bounds memory and page if names are
    /// long.
    package var pageBytes = 32 << 20
    /// Series of one model version with all its variants, and of the facts of one model.
    package var seriesPerVersion = 10_000
    package var models = 50
    package var versionsPerModel = 10
    package var variantsPerVersion = 100
    /// Error reasons per model version and variant; further ones are counted as `other`.
    package var reasons = 20
    /// Finish reasons per model version and variant; further ones are counted as `other`.
    package var finishReasons = 20
    /// Features per model version and variant.
    package var features = 200
    /// Producers whose gauges are summed: as many as `ProducerTable` remembers.
    package var leases = 10_000
    /// Processes that push over the Unix socket and have metrics.
    package var processes = 256

    package init() {}
}

/// The limit because of which a pushed value got no series: the label `reason` of
/// `ml_series_dropped_total`.
package enum DropReason: Int, CaseIterable, Sendable {
    case seriesLimit, versionSeriesLimit, modelLimit, versionLimit, variantLimit, reasonLimit
    case featureLimit, leaseLimit, pageLimit, processLimit, finishReasonLimit

    package var name: String {
        switch self {
        case .seriesLimit: "series_limit"
        case .versionSeriesLimit: "version_series_limit"
        case .modelLimit: "model_limit"
        case .versionLimit: "version_limit"
        case .variantLimit: "variant_limit"
        case .reasonLimit: "reason_limit"
        case .featureLimit: "feature_limit"
        case .leaseLimit: "lease_limit"
        case .pageLimit: "page_limit"
        case .processLimit: "process_limit"
        case .finishReasonLimit: "finish_reason_limit"
        }
    }
}
