package import Wire

/// A change of the state that is journalled before it is applied and answered.
///
/// A journal calls the functions one after the other, for one submission at a time and in the order
/// in which the submissions came: `decide`, `encode`, then either `apply` and `answer`, or `abort`.
package protocol Submission: AnyObject, Sendable {
    /// Whether later submissions must be decided after this one was applied. Such a submission gets
    /// a commit of its own.
    var isAlone: Bool { get }

    /// Decides what the change is, from the state that all earlier submissions lead to.
    func decide()

    /// Appends the decision as a record. Appending nothing means that nothing has to be stored;
    /// `apply` and `answer` follow all the same. A journal without storage does not call it.
    func encode(into record: inout ByteWriter)

    /// Applies the decision. The record is durable now.
    func apply()

    /// Sends the answer, after `apply`.
    func answer()

    /// Undoes the decision and answers with the error: the record is not known to be durable. The
    /// submissions of a failed commit are aborted in reverse order.
    func abort(_ error: StorageError)
}

/// The state whose changes a journal stores.
package protocol JournalState: Sendable {
    /// Removes everything, before a restoration.
    func reset()

    /// Restores a section of a snapshot. Returns why it, or a part of it, could not be restored; nil
    /// if all of it was.
    func restore(_ name: String, body: Span<UInt8>) -> String?

    /// Applies a record. Returns why it, or a part of it, could not be applied; nil if all of it was.
    func replay(_ record: Span<UInt8>) -> String?

    /// The removal of everything that expired while the daemon was not running; nil if nothing
    /// expires. Called on the writer's thread before the journal accepts submissions.
    func expiry() -> (any Submission)?

    /// The state that all records so far have led to. Called on the writer's thread between two
    /// commits, which wait for it: what takes long belongs into the making of the sections, which
    /// begins later, while the state changes.
    func snapshot() -> [Snapshot.Part]
}

extension JournalState {
    package func expiry() -> (any Submission)? { nil }
}

/// Accepts submissions and applies them in their order.
package protocol SubmissionJournal: AnyObject, Sendable {
    /// Accepts a submission, or returns why it is refused; then none of its functions is called.
    func submit(_ submission: any Submission) -> StorageError?

    /// Whether submissions are accepted.
    var isReady: Bool { get }
}
