internal import Synchronization

/// Series that are not in a `SeriesStore` and count against the same limits. Given back when it is released.
package final class SeriesShare: Sendable {
    private let budget: SeriesBudget
    private let count = Atomic<Int>(0)
    private let pageBytes = Atomic<Int>(0)

    package init(_ budget: SeriesBudget) {
        self.budget = budget
    }

    deinit {
        budget.release(count.load(ordering: .relaxed))
        budget.release(pageBytes: pageBytes.load(ordering: .relaxed))
    }

    /// Takes `count` series, all or none. Returns the limit that is reached, or nil. The share is that of one
    /// version.
    package func take(_ count: Int) -> DropReason? {
        let own = self.count.load(ordering: .relaxed)
        if budget.isBinding, own + count > budget.limits.seriesPerVersion {
            return .versionSeriesLimit
        }
        if let refusal = budget.take(count) { return refusal }
        self.count.store(own + count, ordering: .relaxed)
        return nil
    }

    /// Takes bytes of labels.
    package func take(pageBytes count: Int) {
        pageBytes.wrappingAdd(count, ordering: .relaxed)
        budget.take(pageBytes: count)
    }
}
