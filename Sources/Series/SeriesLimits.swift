/// How much the registry of pushed series takes.
package struct SeriesLimits: Sendable, Equatable {
    /// `--push.max-series`: series in all.
    package var series = 100_000
    /// Bytes that the labels of all series may take on a page: what bounds memory and page when
    /// names are long.
    package var pageBytes = 32 << 20
    /// Series of one model version, all its variants together; a model's own series likewise.
    package var seriesPerVersion = 10_000
    package var models = 50
    package var versionsPerModel = 10
    package var variantsPerVersion = 100
    /// Reasons of errors per model version and variant; those beyond count as `other`.
    package var reasons = 20
    /// Features per model version and variant.
    package var features = 200
    /// Producers whose gauges are summed.
    package var leases = 1_024
    /// Processes behind the Unix socket that are told about.
    package var processes = 256

    package init() {}
}

/// Why something that was pushed got no series, as `ml_series_dropped_total{reason}` tells it.
package enum DropReason: Int, CaseIterable, Sendable {
    case seriesLimit, versionSeriesLimit, modelLimit, versionLimit, variantLimit, reasonLimit
    case featureLimit, leaseLimit, labelLimit, pageLimit, processLimit

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
        case .labelLimit: "label_limit"
        case .pageLimit: "page_limit"
        case .processLimit: "process_limit"
        }
    }
}
