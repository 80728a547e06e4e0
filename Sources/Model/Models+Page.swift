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
        snapshot.withLock { snapshot in
            general?.give(to: &snapshot)
            for model in models { model.give(to: &snapshot) }
            for version in versions { version.give(to: &snapshot, leases: leases, now: now) }
            producers.give(to: &snapshot)
            snapshot.write(to: &page)
            snapshot.removeAll()
        }
        registryMetrics.write(budget, to: &page)
    }
}

/// What the registry of pushed series tells about itself.
struct RegistryMetrics: Sendable {
    private let series = UnlabelledMetric(
        "ml_series", kind: .gauge, help: "Series made from pushes.")
    private let limit = UnlabelledMetric(
        "ml_series_limit", kind: .gauge, help: "Series that pushes may make: --push.max-series.")
    private let dropped = Family(
        "ml_series_dropped_total", kind: .counter,
        help: "What was pushed and got no series, by the limit that it met.")
    private let reasons: [Exposition.Series]

    init() {
        let dropped = dropped
        reasons = DropReason.allCases.map {
            Exposition.Series(dropped, labels: LabelSet([("reason", $0.name)]))
        }
    }

    func write(_ budget: SeriesBudget, to page: inout Page) {
        page.single(series, value: Double(budget.count))
        page.single(limit, value: Double(budget.limits.series))
        page.begin(dropped)
        for (reason, series) in zip(DropReason.allCases, reasons) {
            page.sample(series, value: Double(budget.dropped(reason)))
        }
    }
}
