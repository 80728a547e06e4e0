internal import Synchronization

/// Reuses buffers: the memory of a page that a socket has sent serves the next scrape.
///
/// Any thread may acquire and release. At most two buffers are kept, because a page and its compressed
/// form are in use at the same time; the rest is freed.
package final class BufferPool: Sendable {
    private struct Kept: ~Copyable {
        var first: Buffer?
        var second: Buffer?
    }

    /// Guards the two optionals; nothing is called under it.
    private let kept = LockedValue(Kept(first: nil, second: nil))
    private let outstanding = Atomic<Int>(0)
    private let initialCapacity: Int
    /// Largest buffer in bytes that is kept.
    private let keptBytes: Int

    package init(initialCapacity: Int, keptBytes: Int) {
        self.initialCapacity = initialCapacity
        self.keptBytes = keptBytes
    }

    /// Buffers acquired and not yet released, such as pages that slow readers hold.
    package var taken: Int { outstanding.load(ordering: .relaxed) }

    /// An empty buffer.
    package func take() -> Buffer {
        outstanding.wrappingAdd(1, ordering: .relaxed)
        let reused = kept.withLock { kept -> Buffer? in
            if kept.first != nil { return kept.first.take() }
            return kept.second.take()
        }
        return reused ?? Buffer(capacity: initialCapacity)
    }

    package func release(_ buffer: consuming Buffer) {
        outstanding.wrappingSubtract(1, ordering: .relaxed)
        guard buffer.capacity <= keptBytes else { return }
        buffer.removeAll()
        var returned: Buffer? = buffer
        kept.withLock { kept in
            if kept.first == nil {
                kept.first = returned.take()
            } else if kept.second == nil {
                kept.second = returned.take()
            }
        }
    }
}
