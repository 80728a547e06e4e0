/// How much the registry of pushed series takes.
public struct SeriesLimits: Sendable, Equatable {
    /// `--push.max-series`: series in all.
    public var series = 100_000
    /// Bytes that the labels of all series may take on a page: what bounds memory and page when
    /// names are long.
    public var pageBytes = 32 << 20
    /// Series of one model version, all its variants together; a model's own series likewise.
    public var seriesPerVersion = 10_000
    public var models = 50
    public var versionsPerModel = 10
    public var variantsPerVersion = 100
    /// Reasons of errors per model version and variant; those beyond count as `other`.
    public var reasons = 20
    /// Features per model version and variant.
    public var features = 200
    /// Producers whose gauges are summed.
    public var leases = 1_024
    /// Processes behind the Unix socket that are told about.
    public var processes = 256

    public init() {}
}

/// Why something that was pushed got no series, as `ml_series_dropped_total{reason}` tells it.
public enum DropReason: Int, CaseIterable, Sendable {
    case seriesLimit, versionSeriesLimit, modelLimit, versionLimit, variantLimit, reasonLimit
    case featureLimit, leaseLimit, labelLimit, pageLimit, processLimit

    public var name: String {
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
