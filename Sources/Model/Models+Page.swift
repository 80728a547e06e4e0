package import Exposition
internal import Kernel
internal import Series

extension Models {
    /// Whether anything that was pushed has a series.
    package var hasSeries: Bool { budget.count > 0 }

    /// Writes what is known of all models, and of the registry itself.
    package func write(to page: inout Page) {
        write(to: &page, now: Clock.monotonicNanoseconds)
    }

    func write(to page: inout Page, now: UInt64) {
        if expiresItself { sweep(now: now) }
        let (models, versions) = directory.withLock { ($0.models, $0.versions) }
        harvest.withLock { harvest in
            general?.give(to: &harvest)
            for model in models { model.give(to: &harvest) }
            for version in versions { version.give(to: &harvest, leases, now: now) }
            producers.give(to: &harvest)
            harvest.write(to: &page)
            harvest.removeAll()
        }
        registryMetrics.write(budget, to: &page)
    }
}

/// What the registry of pushed series tells about itself.
struct RegistryMetrics: Sendable {
    private let series = UnlabelledMetric("ml_series", .gauge, help: "Series made from pushes.")
    private let limit = UnlabelledMetric(
        "ml_series_limit", .gauge, help: "Series that pushes may make: --push.max-series.")
    private let dropped = Family(
        "ml_series_dropped_total", .counter,
        help: "What was pushed and got no series, by the limit that it met.")
    private let reasons: [Exposition.Series]

    init() {
        let dropped = dropped
        reasons = DropReason.allCases.map {
            Exposition.Series(dropped, LabelSet([("reason", $0.name)]))
        }
    }

    func write(_ budget: SeriesBudget, to page: inout Page) {
        page.single(series, Double(budget.count))
        page.single(limit, Double(budget.limits.series))
        page.begin(dropped)
        for (reason, series) in zip(DropReason.allCases, reasons) {
            page.sample(series, Double(budget.dropped(reason)))
        }
    }
}
