internal import Synchronization

/// Buffers that come back: a page that a socket has drained serves the next scrape.
///
/// Any thread may take and return. Memory beyond the two limits goes back to the allocator.
package final class BufferPool: Sendable {
    private struct Shelf: ~Copyable {
        var first: Buffer?
        var second: Buffer?
    }

    private let shelf = LockedValue(Shelf(first: nil, second: nil))
    private let outstanding = Atomic<Int>(0)
    private let initialCapacity: Int
    /// A buffer larger than this many bytes is not kept.
    private let keptBytes: Int

    package init(initialCapacity: Int, keptBytes: Int) {
        self.initialCapacity = initialCapacity
        self.keptBytes = keptBytes
    }

    /// Buffers taken and not yet returned: what slow readers hold.
    package var taken: Int { outstanding.load(ordering: .relaxed) }

    /// An empty buffer.
    package func take() -> Buffer {
        outstanding.wrappingAdd(1, ordering: .relaxed)
        let kept = shelf.withLock { shelf -> Buffer? in
            if shelf.first != nil { return shelf.first.take() }
            return shelf.second.take()
        }
        return kept ?? Buffer(capacity: initialCapacity)
    }

    package func giveBack(_ buffer: consuming Buffer) {
        outstanding.wrappingSubtract(1, ordering: .relaxed)
        guard buffer.capacity <= keptBytes else { return }
        buffer.removeAll()
        var returned: Buffer? = buffer
        shelf.withLock { shelf in
            if shelf.first == nil {
                shelf.first = returned.take()
            } else if shelf.second == nil {
                shelf.second = returned.take()
            }
        }
    }
}
