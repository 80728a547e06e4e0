internal import Journal
internal import Kernel
internal import Wire

/// Removes what has expired, once the removal is durable: a replay of the records before and after
/// it must not find it again.
final class ExpirySubmission: Submission, @unchecked Sendable {
    private let state: PersistedState
    private let time: Timestamp
    private let completion: @Sendable (_ isCommitted: Bool) -> Void
    private var expired = ExpiredItems()

    /// `completion` is called once, with whether the removal was committed.
    init(
        of state: PersistedState, at time: Timestamp,
        completion: @escaping @Sendable (_ isCommitted: Bool) -> Void
    ) {
        self.state = state
        self.time = time
        self.completion = completion
    }

    /// Series that a later push needs start at 0 after it.
    var isAlone: Bool { true }

    /// A push that was submitted before this one may have renewed what seemed to have expired.
    func decide() {
        expired = state.expired(at: time)
    }

    func encode(into record: inout ByteWriter) {
        if expired.isEmpty { return }
        record.begin(.expiry, time: time)
        record.write(RecordSection.expired)
        expired.write(to: &record)
        record.endRecord()
    }

    func apply() {
        state.remove(expired)
    }

    func answer() {
        completion(true)
    }

    /// Nothing was removed; it is tried again.
    func abort(_ error: StorageError) {
        completion(false)
    }
}
