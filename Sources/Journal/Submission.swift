internal import Kernel
package import Wire

/// Something that wants to survive before it is answered. The journal's writer calls, one call at a
/// time and in the order in which submissions came.
package protocol Submission: AnyObject, Sendable {
    /// Whether what comes after must be decided on what this leaves: it gets a commit of its own.
    var isAlone: Bool { get }

    /// Decides what is kept and writes it behind what `record` holds already. Nothing written means
    /// that there is nothing to keep: `kept` follows all the same.
    func decide(into record: inout ByteWriter)

    /// The record survives from now on: the time to apply, publish and answer.
    func kept()

    /// It is not known to survive: what was decided is to be undone and the sender told so. Of a
    /// commit that failed, the last decision is undone first.
    func lost(_ error: StorageError)
}

/// Whose state the journal keeps.
package protocol JournalState: Sendable {
    /// Forgets everything, before a restoration.
    func reset()

    /// Takes a section of a snapshot as its own. Returns false when it does not understand it.
    func restore(_ name: String, body: Span<UInt8>) -> Bool

    /// Applies a record as it was decided. Returns false when it does not understand it.
    func replay(_ record: Span<UInt8>) -> Bool

    /// When something of it may have outlived its time, on the monotonic clock; not later than it
    /// has. Called on the writer's thread.
    func nextExpiry() -> UInt64

    /// What forgets all that has outlived its time, to be kept as any change; nil when nothing has.
    /// Called on the writer's thread.
    func expiry(at now: UInt64) -> (any Submission)?

    /// All that the records so far have led to. Called on the writer's thread between two commits.
    func snapshot() -> [Snapshot.Section]
}

/// A state in which nothing ends by itself.
extension JournalState {
    package func nextExpiry() -> UInt64 { .max }

    package func expiry(at now: UInt64) -> (any Submission)? { nil }
}
