internal import Exposition
internal import Groups

/// What the groups tell about themselves.
struct GroupMetrics {
    private let groups = UnlabelledMetric(
        "ml_push_groups", .gauge, help: "Groups that have been pushed and are there.")
    private let groupLimit = UnlabelledMetric(
        "ml_push_groups_limit", .gauge, help: "Groups that may be there: --push.max-groups.")
    private let series = UnlabelledMetric(
        "ml_push_group_series", .gauge, help: "Series of all groups.")
    private let seriesLimit = UnlabelledMetric(
        "ml_push_group_series_limit", .gauge,
        help: "Series that all groups may hold: --push.max-group-series.")
    private let bytes = UnlabelledMetric(
        "ml_push_group_bytes", .gauge, help: "Bytes that the samples of all groups take.")
    private let bytesLimit = UnlabelledMetric(
        "ml_push_group_bytes_limit", .gauge,
        help: "Bytes that the samples of all groups may take: --push.max-group-bytes.")
    private let expired = UnlabelledMetric(
        "ml_push_groups_expired_total", .counter, help: "Groups whose time was over.")
    private let refused = Family(
        "ml_push_group_refused_total", .counter,
        help: "Pushes of groups that were refused, by reason.")
    private let refusals: [(reason: GroupRefusal, series: Series)]

    init() {
        let refused = refused
        refusals = GroupRefusal.allCases.map {
            ($0, Series(refused, LabelSet([("reason", $0.rawValue)])))
        }
    }

    func write(_ store: GroupStore, to page: inout Page) {
        let counts = store.counts
        page.single(groups, Double(counts.groups))
        page.single(groupLimit, Double(store.limits.groups))
        page.single(series, Double(counts.series))
        page.single(seriesLimit, Double(store.limits.series))
        page.single(bytes, Double(counts.bytes))
        page.single(bytesLimit, Double(store.limits.bytes))
        page.single(expired, Double(counts.expired))
        page.begin(refused)
        for (reason, series) in refusals {
            page.sample(series, Double(counts.refused[reason] ?? 0))
        }
    }
}
