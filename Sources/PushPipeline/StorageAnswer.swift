internal import Intake
internal import Journal

/// The answers to pushes that the storage did not accept or could not commit.
enum StorageAnswer {
    static func aborted(_ error: StorageError) -> PushAnswer {
        .error(503, code: "storage_failed", detail: sentence(error))
    }

    static func refused(_ error: StorageError) -> PushAnswer {
        .error(503, code: "storage_unavailable", detail: refusalSentence(error))
    }

    /// A failed commit may still reach the disk: only the sequence number makes a retry safe.
    static func sentence(_ error: StorageError) -> String {
        "not counted; if the daemon dies before its next successful commit, this batch may appear "
            + "once: retry with the same Batch-Sequence (\(error))"
    }

    static func refusalSentence(_ error: StorageError) -> String {
        "nothing was stored: \(error)"
    }
}
