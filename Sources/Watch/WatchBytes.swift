internal import Synchronization

/// The memory of all windows, counted as if each were full.
final class WatchBytes: Sendable {
    private let taken = Atomic<Int>(0)

    var count: Int { taken.load(ordering: .relaxed) }

    func take(_ bytes: Int) { taken.wrappingAdd(bytes, ordering: .relaxed) }

    func release(_ bytes: Int) { taken.wrappingSubtract(bytes, ordering: .relaxed) }

    /// The memory of the windows of one variant: all sub-windows and the totals.
    static func ofWindows(_ layout: Layout) -> Int {
        (Windows.count + 1) * (layout.wordCount * 8 + layout.registerCount)
    }
}
