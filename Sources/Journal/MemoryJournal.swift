internal import Kernel

/// A journal without storage (`--storage.path=none`): a submission is committed as soon as it is
/// decided, on the thread that submits it.
package final class MemoryJournal: SubmissionJournal {
    /// Held from the decision until the change is applied, so that no other change comes between.
    /// The locks of models and groups are taken inside it, and it inside no other lock.
    private let order = LockedValue(())

    package init() {}

    package var isReady: Bool { true }

    package func submit(_ submission: any Submission) -> StorageError? {
        order.withLock { _ in
            submission.decide()
            submission.apply()
        }
        // A client that reads slowly must not hold up other submissions.
        submission.answer()
        return nil
    }
}
