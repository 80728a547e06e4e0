internal import Synchronization

/// The journal's statistics. Each number is written by one thread and read by any.
package final class JournalStatistics: Sendable {
    /// Upper bounds of `commitBuckets` in seconds; one more bucket counts longer commits.
    package static let commitBounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]

    private let bucketCounts: InlineArray<13, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let errorCounts: InlineArray<6, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let commitNanoseconds = Atomic<UInt64>(0)
    private let written = Atomic<UInt64>(0)
    private let replayed = Atomic<UInt64>(0)
    private let skipped = Atomic<UInt64>(0)
    private let replacedFiles = Atomic<UInt64>(0)
    private let refusedSubmissions = Atomic<UInt64>(0)
    private let snapshotSeconds = Atomic<UInt64>(0)

    init() {
        precondition(JournalStatistics.commitBounds.count + 1 == bucketCounts.count)
        precondition(StorageError.Operation.allCases.count == errorCounts.count)
    }

    /// Commits by duration, not cumulative, one more than there are bounds.
    package var commitBuckets: [UInt64] {
        bucketCounts.indices.map { bucketCounts[$0].load(ordering: .relaxed) }
    }

    /// What all commits together took.
    package var commitSeconds: Double { Double(commitNanoseconds.load(ordering: .relaxed)) / 1e9 }

    package func errors(of operation: StorageError.Operation) -> UInt64 {
        errorCounts[JournalStatistics.index(of: operation)].load(ordering: .relaxed)
    }

    /// Bytes of all records that were committed since the start.
    package var writtenBytes: UInt64 { written.load(ordering: .relaxed) }

    /// Records that were applied at the start.
    package var replayedRecords: UInt64 { replayed.load(ordering: .relaxed) }

    /// Records and sections that were damaged or not understood at the start.
    package var skippedRecords: UInt64 { skipped.load(ordering: .relaxed) }

    /// Files that were set aside because they could not be used.
    package var filesSetAside: UInt64 { replacedFiles.load(ordering: .relaxed) }

    /// Submissions that found the queue full.
    package var refused: UInt64 { refusedSubmissions.load(ordering: .relaxed) }

    /// When the last snapshot was written, in seconds since 1970; 0 before the first.
    package var lastSnapshotSeconds: UInt64 { snapshotSeconds.load(ordering: .relaxed) }

    // MARK: Written by the journal

    func committed(bytes: Int, nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        let bucket = JournalStatistics.commitBounds.firstIndex { seconds <= $0 }
        bucketCounts[bucket ?? JournalStatistics.commitBounds.count]
            .wrappingAdd(1, ordering: .relaxed)
        commitNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
        written.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    func failed(_ error: StorageError) {
        errorCounts[JournalStatistics.index(of: error.operation)]
            .wrappingAdd(1, ordering: .relaxed)
    }

    private static func index(of operation: StorageError.Operation) -> Int {
        StorageError.Operation.allCases.firstIndex(of: operation) ?? 0
    }

    func replayed(_ records: Int) {
        replayed.wrappingAdd(UInt64(records), ordering: .relaxed)
    }

    func skipped(_ records: Int) {
        skipped.wrappingAdd(UInt64(records), ordering: .relaxed)
    }

    func setAside() {
        replacedFiles.wrappingAdd(1, ordering: .relaxed)
    }

    func refuse() {
        refusedSubmissions.wrappingAdd(1, ordering: .relaxed)
    }

    func wroteSnapshot(at seconds: UInt64) {
        snapshotSeconds.store(seconds, ordering: .relaxed)
    }
}
