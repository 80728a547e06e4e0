package import Exposition
internal import Kernel
internal import Series

extension Models {
    /// Whether any push has made a series.
    package var hasSeries: Bool { budget.count > 0 }

    /// The types of the families of models by the hash of the name, those without a series included.
    package static var familyKinds: [UInt64: Family.Kind] {
        var kinds: [UInt64: Family.Kind] = [:]
        for descriptor in Families.all.descriptors.instruments {
            kinds[descriptor.family.identity] = descriptor.family.kind
        }
        return kinds
    }

    /// Writes the families of all models and of the registry itself.
    package func write(to page: inout Page) {
        write(to: &page, now: Clock.monotonicNanoseconds)
    }

    func write(to page: inout Page, now: UInt64) {
        if expiresItself { removeExpired(now: now) }
        let (models, versions) = directory.withLock { ($0.models, $0.versions) }
        // First of all: the state of a process that has exited must not be on this page.
        let processes = producers.read { leases.end($0) }
        snapshot.withLock { snapshot in
            general?.add(to: &snapshot)
            for model in models { model.add(to: &snapshot) }
            for version in versions { version.add(to: &snapshot, leases: leases, now: now) }
            for process in processes { process.producer.add(process.usage, to: &snapshot) }
            snapshot.write(to: &page)
            snapshot.removeAll()
        }
        registryMetrics.write(budget, to: &page)
    }
}

/// The metrics of the registry of pushed series.
struct RegistryMetrics: Sendable {
    private let series = UnlabelledMetric(
        "ml_series", kind: .gauge, help: "Number of series made from pushes.")
    private let limit = UnlabelledMetric(
        "ml_series_limit", kind: .gauge,
        help: "Maximum number of series made from pushes (--push.max-series).")
    private let dropped = Family(
        "ml_series_dropped_total", kind: .counter,
        help: "Pushed values that got no series, by the limit that was reached.")
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
