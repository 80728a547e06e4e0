internal import Synchronization

/// Bytes that clients make the process hold, all together: what exceeds the limit is refused. Any
/// thread may take and release.
package final class ByteBudget: Sendable {
    package let limit: Int
    private let used = Atomic<Int>(0)
    private let refusals = Atomic<UInt64>(0)

    package init(limit: Int) {
        precondition(limit > 0)
        self.limit = limit
    }

    /// Bytes that are held.
    package var taken: Int { used.load(ordering: .relaxed) }

    /// How often bytes were refused.
    package var refused: UInt64 { refusals.load(ordering: .relaxed) }

    /// Takes `count` bytes, all or none.
    package func take(_ count: Int) -> Bool {
        if used.wrappingAdd(count, ordering: .relaxed).newValue <= limit { return true }
        used.wrappingSubtract(count, ordering: .relaxed)
        refusals.wrappingAdd(1, ordering: .relaxed)
        return false
    }

    package func release(_ count: Int) {
        used.wrappingSubtract(count, ordering: .relaxed)
    }
}

/// Why a request may not hold as many bytes as it needs.
package enum ByteShortage: Error, Sendable, Equatable {
    /// Requests together would hold more than this many bytes: it may fit later.
    case busy(limit: Int)
    /// The request alone would hold more than this many bytes.
    case tooLarge(limit: Int)
}

/// What one request holds of a budget; it is released with the object. One thread at a time uses it.
package final class ByteClaim: Sendable {
    package let budget: ByteBudget
    private let held = Atomic<Int>(0)

    package init(_ budget: ByteBudget) {
        self.budget = budget
    }

    deinit {
        releaseAll()
    }

    /// Bytes that the request holds.
    package var count: Int { held.load(ordering: .relaxed) }

    /// Holds `count` bytes from now on. Throws, and changes nothing, if the budget does not allow that
    /// many.
    package func hold(_ count: Int) throws(ByteShortage) {
        let more = count - self.count
        if more > 0, !budget.take(more) {
            throw count > budget.limit
                ? .tooLarge(limit: budget.limit) : .busy(limit: budget.limit)
        }
        if more < 0 { budget.release(-more) }
        held.store(count, ordering: .relaxed)
    }

    /// Holds nothing any more.
    package func releaseAll() {
        budget.release(held.exchange(0, ordering: .relaxed))
    }

    /// Holds `count` bytes at least.
    package func grow(to count: Int) throws(ByteShortage) {
        if count > self.count { try hold(count) }
    }
}
