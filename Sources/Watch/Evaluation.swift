internal import Profiles
internal import Statistics

/// The scores of a window.
struct Evaluation: Sendable {
    /// What is known of a column beside its scores.
    struct Column: Sendable {
        var minimum: Double?
        var maximum: Double?
        /// 5 %, 50 %, 95 %.
        var quantiles: [Double] = []
        var missingRatio: Double?
        var distinctCount: Double?
    }

    /// The quantiles on the page, as the values of the label `q`.
    static let quantiles: [(label: String, share: Double)] = [
        ("0.05", 0.05), ("0.5", 0.5), ("0.95", 0.95),
    ]

    /// Its columns are those of the layout.
    let report: CheckReport
    let columns: [Column]
    let tally: Tally
    let seconds: Int64
    /// When the window ended, in Unix seconds.
    let end: Double

    /// Features that have enough values.
    let featureCount: Int
    let driftedCount: Int

    init(
        _ choice: Windows.Choice, layout: Layout, rules: WatchSettings.Rules, end: Double,
        unseen: [UnseenNames]
    ) {
        tally = choice.tally
        seconds = choice.seconds
        self.end = end
        let rows = tally.words[Layout.Header.rows]
        let tally = tally
        let counted = layout.columns.enumerated().map { number, column in
            column.counted(
                tally, rows: rows, unseenNames: number < unseen.count ? unseen[number].all : [:])
        }
        report = CheckReport(
            layout.profile, profileID: layout.id, rows: Int(clamping: rows), counted: counted,
            rule: rules.drift)
        columns = layout.columns.enumerated().map { number, column in
            Evaluation.column(column, counted[number], tally)
        }
        let verdicts = report.columns[layout.features].compactMap(\.hasDrifted)
        featureCount = verdicts.count
        driftedCount = verdicts.count { $0 }
    }

    private static func column(
        _ plan: LayoutColumn, _ counted: CountedColumn, _ tally: Tally
    ) -> Column {
        var column = Column()
        if let counts = counted.numericCounts, let reference = plan.numeric,
            counts.finiteCount > 0
        {
            column.minimum = counts.minimum
            column.maximum = counts.maximum
            column.quantiles = quantiles.compactMap { reference.quantile($0.share, of: counts) }
        }
        if counted.rows > 0 {
            column.missingRatio =
                Double(tally.words[plan.missingWord]) / Double(counted.rows)
            column.distinctCount = plan.distinctCount(tally)
        }
        return column
    }
}
