internal import Exposition
internal import Journal

/// The metrics of the journal.
struct JournalMetrics {
    private let enabled = UnlabelledMetric(
        "ml_journal_enabled", kind: .gauge,
        help: "Whether pushes are stored on disk: 0 with --storage.path=none.")
    private let ready = UnlabelledMetric(
        "ml_journal_ready", kind: .gauge, help: "Whether the storage accepts pushes.")
    private let bytes = UnlabelledMetric(
        "ml_journal_bytes_total", kind: .counter, help: "Bytes of committed records.")
    private let replayed = UnlabelledMetric(
        "ml_journal_replayed_batches", kind: .gauge,
        help: "Records that were replayed at the start."
    )
    private let skipped = UnlabelledMetric(
        "ml_journal_skipped_records", kind: .gauge,
        help: "Records and snapshot sections that were damaged, missing or unknown at the start.")
    private let setAside = UnlabelledMetric(
        "ml_journal_files_set_aside", kind: .gauge,
        help: "Files that could not be used and were renamed.")
    private let refused = UnlabelledMetric(
        "ml_journal_refused_total", kind: .counter,
        help: "Pushes that were refused because the commit queue was full.")
    private let lastSnapshot = UnlabelledMetric(
        "ml_journal_last_snapshot_timestamp_seconds", kind: .gauge,
        help: "Unix time of the last snapshot; 0 before the first.")
    private let commits = UnlabelledMetric(
        "ml_journal_commits_total", kind: .counter,
        help: "Commits; each contains one or more pushes.")
    private let durations = Family(
        "ml_journal_commit_duration_seconds", kind: .histogram, help: "Duration of commits.")
    private let durationBounds = BucketBounds(ascending: JournalStatistics.commitBounds)
    private let failures = Family(
        "ml_journal_errors_total", kind: .counter,
        help: "Failed storage operations, by operation.")
    private let byOperation: [(operation: StorageError.Operation, series: Series)]

    init() {
        let failures = failures
        byOperation = StorageError.Operation.allCases.map {
            ($0, Series(failures, labels: LabelSet([("operation", $0.rawValue)])))
        }
    }

    /// Writes the state of the storage, and the metrics of commits once there was a push.
    func write(_ journal: Journal?, to page: inout Page, isUsed: Bool) {
        page.single(enabled, value: journal == nil ? 0 : 1)
        guard let journal else { return }
        let statistics = journal.statistics
        page.single(ready, value: journal.isReady ? 1 : 0)
        page.single(replayed, value: Double(statistics.replayedRecords))
        page.single(skipped, value: Double(statistics.skippedRecords))
        page.single(setAside, value: Double(statistics.filesSetAside))
        page.begin(failures)
        for (operation, series) in byOperation {
            page.sample(series, value: Double(statistics.errors(of: operation)))
        }
        if isUsed { writeCommits(statistics, to: &page) }
    }

    private func writeCommits(_ statistics: JournalStatistics, to page: inout Page) {
        page.single(bytes, value: Double(statistics.writtenBytes))
        page.single(refused, value: Double(statistics.refused))
        page.single(lastSnapshot, value: Double(statistics.lastSnapshotSeconds))
        let counts = statistics.commitBuckets
        page.single(commits, value: Double(counts.reduce(0, &+)))
        page.begin(durations)
        let none: [UInt8] = []
        page.histogram(
            durations, labels: none.span, bounds: durationBounds, counts: counts.span,
            sum: statistics.commitSeconds)
    }
}
