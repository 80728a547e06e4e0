internal import Synchronization

/// What the journal says of itself. Every number is written by one thread and read by any.
public final class JournalStatistics: Sendable {
    /// Upper bounds of `commitBuckets` in seconds; what took longer stands in one bucket more.
    public static let commitBounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]

    private let bucketCounts: [Count]
    private let commitNanoseconds = Count()
    private let errorCounts: [Count]
    private let written = Count()
    private let replayed = Count()
    private let skipped = Count()
    private let replacedFiles = Count()
    private let refusedSubmissions = Count()
    private let snapshotSeconds = Count()

    private final class Count: Sendable {
        let value = Atomic<UInt64>(0)

        func add(_ amount: UInt64 = 1) {
            value.wrappingAdd(amount, ordering: .relaxed)
        }

        var now: UInt64 { value.load(ordering: .relaxed) }
    }

    init() {
        bucketCounts = JournalStatistics.commitBounds.map { _ in Count() } + [Count()]
        errorCounts = StorageError.Operation.allCases.map { _ in Count() }
    }

    /// Commits by duration, not cumulative, one more than there are bounds.
    public var commitBuckets: [UInt64] { bucketCounts.map(\.now) }

    /// What all commits together took.
    public var commitSeconds: Double { Double(commitNanoseconds.now) / 1e9 }

    public func errors(of operation: StorageError.Operation) -> UInt64 {
        errorCounts[StorageError.Operation.allCases.firstIndex(of: operation) ?? 0].now
    }

    /// Bytes of all records that were committed since the start.
    public var writtenBytes: UInt64 { written.now }

    /// Records that were applied at the start.
    public var replayedRecords: UInt64 { replayed.now }

    /// Records and sections that were damaged or not understood at the start.
    public var skippedRecords: UInt64 { skipped.now }

    /// Files that were set aside because they could not be used.
    public var filesSetAside: UInt64 { replacedFiles.now }

    /// Submissions that found the queue full.
    public var refused: UInt64 { refusedSubmissions.now }

    /// When the last snapshot was written, in seconds since 1970; 0 before the first.
    public var lastSnapshotSeconds: UInt64 { snapshotSeconds.now }

    // MARK: Written by the journal

    func committed(bytes: Int, nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        let bucket = JournalStatistics.commitBounds.firstIndex { seconds <= $0 }
        bucketCounts[bucket ?? JournalStatistics.commitBounds.count].add()
        commitNanoseconds.add(nanoseconds)
        written.add(UInt64(bytes))
    }

    func failed(_ error: StorageError) {
        errorCounts[StorageError.Operation.allCases.firstIndex(of: error.operation) ?? 0].add()
    }

    func replayed(_ records: Int) { replayed.add(UInt64(records)) }
    func skipped(_ records: Int) { skipped.add(UInt64(records)) }
    func setAside() { replacedFiles.add() }
    func refuse() { refusedSubmissions.add() }

    func wroteSnapshot(at seconds: UInt64) {
        snapshotSeconds.value.store(seconds, ordering: .relaxed)
    }
}
