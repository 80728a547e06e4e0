internal import Kernel
internal import Series
internal import Statistics
internal import Wire

/// The counts of one version and variant of a model against a profile.
///
/// The journal's writer alone changes it; pages and reports read it under the lock.
final class WatchedVariant: Sendable {
    let model: String
    let version: String
    /// Empty for none.
    let variant: String
    let layout: Layout
    /// Whether there are windows; false beyond `watch_bytes`.
    let hasWindows: Bool
    private let contents: LockedValue<Contents>
    private let series: LockedValue<VariantSeriesLabels>
    private let bytes: WatchBytes

    private struct Contents: Sendable {
        var totals: Tally
        var windows = Windows()
        var evaluation: Evaluation?
        /// By column.
        var unseen: [UnseenNames] = []
    }

    init(
        model: String, version: String, variant: String, layout: Layout, hasWindows: Bool,
        rules: WatchSettings.Rules, budget: SeriesBudget, bytes: WatchBytes
    ) {
        self.model = model
        self.version = version
        self.variant = variant
        self.layout = layout
        self.hasWindows = hasWindows
        self.bytes = bytes
        contents = LockedValue(Contents(totals: Tally(layout)))
        series = LockedValue(
            VariantSeriesLabels(
                model: model, version: version, variant: variant, layout: layout, rules: rules,
                budget: budget))
        if hasWindows { bytes.take(WatchBytes.ofWindows(layout)) }
    }

    deinit {
        if hasWindows { bytes.release(WatchBytes.ofWindows(layout)) }
    }

    /// The labels of its series on the page.
    var labels: VariantSeriesLabels { series.withLock { $0 } }

    /// Makes the labels again, because other features are on the page.
    func change(_ rules: WatchSettings.Rules, budget: SeriesBudget) {
        series.withLock { series in
            // The former series are given back before the new ones are taken.
            series = .none
            series = VariantSeriesLabels(
                model: model, version: version, variant: variant, layout: layout, rules: rules,
                budget: budget)
        }
    }

    // MARK: Counting

    /// Adds a delta that was decided in the five minutes `number`.
    func add(_ delta: ScopeDelta, at number: Int64, keepsNames: Bool) {
        contents.withLock { contents in
            contents.totals.add(delta)
            if hasWindows, delta.hasWindows { contents.windows.add(delta, at: number) }
            if delta.unseen.isEmpty || !keepsNames { return }
            if contents.unseen.isEmpty {
                contents.unseen = layout.columns.map { _ in UnseenNames() }
            }
            for entry in delta.unseen {
                contents.unseen[entry.column].add(entry.name, count: entry.count)
            }
        }
    }

    /// Removes from a delta the registers that would not rise.
    func shorten(_ delta: inout ScopeDelta, at number: Int64) {
        if delta.registers.isEmpty { return }
        let known = contents.withLock { contents -> [UInt8]? in
            // Totals have what the windows had, but windows begin empty.
            hasWindows ? contents.windows.registers(at: number) : contents.totals.registers
        }
        guard let known, !known.isEmpty else { return }
        delta.registers.removeAll { known[Int($0.index)] >= $0.rank }
    }

    /// Computes the scores of the window that ends with the last five minutes before `time`.
    func evaluate(at time: Timestamp, rules: WatchSettings.Rules) {
        if !hasWindows { return }
        let number = Windows.number(atSeconds: time.persistentSeconds)
        let rows = UInt64(max(rules.drift.minimumRows, layout.rowsForBins))
        let (choice, unseen) = contents.withLock { contents in
            contents.windows.roll(to: number, layout: layout)
            return (
                contents.windows.choice(
                    layout, shortest: Int64(rules.window.seconds),
                    longest: Int64(rules.windowLimit.seconds), rows: rows),
                contents.unseen
            )
        }
        let end =
            time.unixSeconds
            - (time.persistentSeconds - Double(number * Windows.fiveSeconds))
        let evaluation = Evaluation(
            choice, layout: layout, rules: rules, end: end, unseen: unseen)
        contents.withLock { $0.evaluation = evaluation }
    }

    // MARK: Reading

    /// The newest scores.
    var evaluation: Evaluation? { contents.withLock { $0.evaluation } }

    /// Copies the numbers of the page.
    func withNumbers<Result>(
        _ body: (borrowing Tally, Evaluation?) -> sending Result
    ) -> sending Result {
        contents.withLock { body($0.totals, $0.evaluation) }
    }

    /// Whether any row was counted.
    var hasRows: Bool {
        contents.withLock { $0.totals.words != layout.empty }
    }

    // MARK: Records

    /// What a snapshot has.
    struct Saved: Sendable {
        let totals: Tally
        let windows: Windows
    }

    var saved: Saved {
        contents.withLock { Saved(totals: $0.totals, windows: $0.windows) }
    }

    /// Becomes what was written after `hasWindows`.
    func read(_ record: inout ByteReader) {
        let totals = Tally(&record, layout: layout)
        let windows = Windows(&record, layout: layout)
        if record.isDamaged { return }
        contents.withLock { contents in
            contents.totals = totals
            contents.windows = windows
        }
    }
}
