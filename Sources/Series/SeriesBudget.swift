internal import Synchronization

/// Counts the series of all stores against one limit, and what was dropped. Lock-free, because
/// several threads reserve series at once.
package final class SeriesBudget: Sendable {
    package let limits: SeriesLimits
    private let taken = Atomic<Int>(0)
    private let pageBytes = Atomic<Int>(0)
    private let drops: InlineArray<11, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let areLimitsLifted = Atomic<Bool>(false)

    package init(_ limits: SeriesLimits = SeriesLimits()) {
        self.limits = limits
        precondition(DropReason.allCases.count == drops.count)
    }

    /// Series that exist or are reserved, in all stores.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Whether the limits apply. They do not while records are replayed: what was accepted before a
    /// restart is accepted again, whatever the limits are now.
    package var isBinding: Bool { !areLimitsLifted.load(ordering: .relaxed) }

    /// Suspends all limits while `body` runs. Only called before pushes are accepted.
    package func lifted<Result>(_ body: () -> Result) -> Result {
        areLimitsLifted.store(true, ordering: .relaxed)
        defer { areLimitsLifted.store(false, ordering: .relaxed) }
        return body()
    }

    /// Reserves `count` series, all or none. Returns the limit that is reached, or nil.
    func take(_ count: Int) -> DropReason? {
        if !isBinding {
            taken.wrappingAdd(count, ordering: .relaxed)
            return nil
        }
        if pageBytes.load(ordering: .relaxed) >= limits.pageBytes { return .pageLimit }
        if taken.wrappingAdd(count, ordering: .relaxed).newValue <= limits.series { return nil }
        release(count)
        return .seriesLimit
    }

    /// Releases `count` series.
    func release(_ count: Int) {
        taken.wrappingSubtract(count, ordering: .relaxed)
    }

    /// Takes bytes of labels. The last series can exceed the limit; `take` refuses the next one.
    func take(pageBytes count: Int) {
        pageBytes.wrappingAdd(count, ordering: .relaxed)
    }

    /// Returns bytes of labels.
    func release(pageBytes count: Int) {
        pageBytes.wrappingSubtract(count, ordering: .relaxed)
    }

    /// Counts what was dropped.
    package func drop(_ reason: DropReason, count: UInt64 = 1) {
        drops[reason.rawValue].wrappingAdd(count, ordering: .relaxed)
    }

    /// What was dropped because of a limit.
    package func dropped(_ reason: DropReason) -> UInt64 {
        drops[reason.rawValue].load(ordering: .relaxed)
    }
}
