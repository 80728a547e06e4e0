internal import Exposition
internal import Groups

/// The metrics about pushed groups.
struct GroupMetrics {
    private let groups = UnlabelledMetric(
        "ml_push_groups", kind: .gauge, help: "Pushed groups.")
    private let groupLimit = UnlabelledMetric(
        "ml_push_groups_limit", kind: .gauge, help: "Limit of pushed groups: --push.max-groups.")
    private let series = UnlabelledMetric(
        "ml_push_group_series", kind: .gauge, help: "Series of all groups.")
    private let seriesLimit = UnlabelledMetric(
        "ml_push_group_series_limit", kind: .gauge,
        help: "Limit of the series of all groups: --push.max-group-series.")
    private let bytes = UnlabelledMetric(
        "ml_push_group_bytes", kind: .gauge,
        help: "Bytes that all groups take in memory and on pages.")
    private let bytesLimit = UnlabelledMetric(
        "ml_push_group_bytes_limit", kind: .gauge,
        help: "Limit of ml_push_group_bytes: --push.max-group-bytes.")
    private let expired = UnlabelledMetric(
        "ml_push_groups_expired_total", kind: .counter, help: "Groups that have expired.")
    private let refused = Family(
        "ml_push_group_refused_total", kind: .counter,
        help: "Group pushes that were refused, by reason.")
    private let refusals: [(reason: GroupRefusal, series: Series)]

    init() {
        let refused = refused
        refusals = GroupRefusal.allCases.map {
            ($0, Series(refused, labels: LabelSet([("reason", $0.rawValue)])))
        }
    }

    func write(_ store: GroupStore, to page: inout Page) {
        let counts = store.counts
        page.single(groups, value: Double(counts.groups))
        page.single(groupLimit, value: Double(store.limits.groups))
        page.single(series, value: Double(counts.series))
        page.single(seriesLimit, value: Double(store.limits.series))
        page.single(bytes, value: Double(counts.bytes))
        page.single(bytesLimit, value: Double(store.limits.bytes))
        page.single(expired, value: Double(counts.expired))
        page.begin(refused)
        for (reason, series) in refusals {
            page.sample(series, value: Double(counts.refused[reason] ?? 0))
        }
    }
}
