/// What bounds the journal.
package struct JournalLimits: Sendable {
    /// Submissions that may wait for their commit; one beyond is refused.
    package var waiting = 4_096
    /// The maximum size of the records of one commit, in bytes; more records wait for the next one.
    package var commitBytes = 4 << 20
    /// Time after which a snapshot follows the one before, if there is anything new.
    package var snapshotInterval = Duration.seconds(300)
    /// Bytes of records after which a snapshot follows without waiting.
    package var snapshotBytes = 64 << 20
    /// Bytes of the log after which it is moved into the file by another thread.
    package var checkpointBytes = 4 << 20
    /// Bytes of the log after which commits wait until it is moved.
    package var logBytes = 64 << 20
    /// Bytes of the file of records. Snapshots keep it far below; only while none can be written does
    /// it grow up to here, and then pushes are refused.
    package var fileBytes = 1 << 30
    /// Time after which a snapshot that could not be written is tried again.
    package var snapshotRetryInterval = Duration.seconds(30)
    /// Old records that one commit removes beside its own work.
    package var prunedRecords = 256
    /// Time between two checks for what is due: whether a snapshot is, and whether the files of the
    /// storage are still those that were opened.
    package var checkInterval = Duration.milliseconds(500)
    /// Pause before storage that could not be opened is tried again.
    package var retryInterval = Duration.seconds(5)

    package init() {}
}
