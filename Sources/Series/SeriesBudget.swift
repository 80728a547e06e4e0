internal import Synchronization

/// Counts the series of all ledgers against one limit, and what was refused.
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

    /// Series that exist or are reserved.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Whether limits refuse anything. What was accepted before a restart is accepted again, whatever
    /// the limits are now.
    package var isBinding: Bool { !areLimitsLifted.load(ordering: .relaxed) }

    /// Lifts all limits while `body` runs.
    package func lifted<Result>(_ body: () -> Result) -> Result {
        areLimitsLifted.store(true, ordering: .relaxed)
        defer { areLimitsLifted.store(false, ordering: .relaxed) }
        return body()
    }

    /// Takes room for `count` series, or nothing when there is not so much.
    func take(_ count: Int) -> DropReason? {
        if !isBinding {
            taken.wrappingAdd(count, ordering: .relaxed)
            return nil
        }
        if pageBytes.load(ordering: .relaxed) >= limits.pageBytes { return .pageLimit }
        if taken.wrappingAdd(count, ordering: .relaxed).newValue <= limits.series { return nil }
        giveBack(count)
        return .seriesLimit
    }

    func giveBack(_ count: Int) {
        taken.wrappingSubtract(count, ordering: .relaxed)
    }

    /// Adds to the labels on the page; what goes beyond the limit was the last that came in.
    func take(pageBytes count: Int) {
        pageBytes.wrappingAdd(count, ordering: .relaxed)
    }

    func giveBack(pageBytes count: Int) {
        pageBytes.wrappingSubtract(count, ordering: .relaxed)
    }

    /// Counts something that was refused.
    package func drop(_ reason: DropReason, count: UInt64 = 1) {
        drops[reason.rawValue].wrappingAdd(count, ordering: .relaxed)
    }

    package func dropped(_ reason: DropReason) -> UInt64 {
        drops[reason.rawValue].load(ordering: .relaxed)
    }
}
