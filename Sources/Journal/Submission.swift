/// Something that wants to survive before it is answered. The journal's writer calls, one call at a
/// time and in the order in which submissions came.
public protocol Submission: AnyObject, Sendable {
    /// Decides what is kept and appends its bytes to `record`, which may hold others' bytes already.
    /// Nothing appended means that there is nothing to keep: `kept` follows all the same.
    func decide(into record: inout [UInt8])

    /// The record survives from now on: the time to apply, publish and answer.
    func kept()

    /// It is not known to survive: what was decided is to be undone and the sender told so.
    func lost(_ error: StorageError)
}

/// Whose state the journal keeps.
public protocol JournalState: Sendable {
    /// Forgets everything, before a restoration.
    func reset()

    /// Takes a section of a snapshot as its own. Returns false when it does not understand it.
    func restore(_ name: String, _ body: Span<UInt8>) -> Bool

    /// Applies a record as it was decided. Returns false when it does not understand it.
    func replay(_ record: Span<UInt8>) -> Bool

    /// All that the records so far have led to. Called on the writer's thread between two commits.
    func snapshot() -> [Snapshot.Section]
}
