internal import Exposition
internal import Profiles
internal import Series
internal import Statistics

/// The rendered labels of the series of one variant: a scrape appends numbers.
final class VariantSeriesLabels: Sendable {
    /// The labels of the series of one column.
    struct Column: Sendable {
        let number: Int
        let base: [UInt8]
        let bins: [[UInt8]]
        /// With the edges or the category.
        let binInfos: [[UInt8]]
        let psi: [UInt8]
        let ks: [UInt8]
        let low: [UInt8]
        let high: [UInt8]
        let quantiles: [[UInt8]]

        func bytes(_ key: WatchFamilies.Key) -> [UInt8] {
            switch key {
            case .base: base
            case .psi: psi
            case .ks: ks
            case .low: low
            case .high: high
            case .quantile(let place): quantiles[place]
            }
        }
    }

    static let none = VariantSeriesLabels()

    let base: [UInt8]
    let info: [UInt8]
    let zScoreRows: [UInt8]
    let tailRows: [UInt8]
    /// The columns on the page.
    let columns: [Column]
    private let share: SeriesShare?

    /// Series that a variant has beside those of its columns.
    private static let ownCount = 8

    private init() {
        base = []
        info = []
        zScoreRows = []
        tailRows = []
        columns = []
        share = nil
    }

    /// Takes the series from the budget; columns whose series exceed a limit are not on the page.
    init(
        model: String, version: String, variant: String, layout: Layout,
        rules: WatchSettings.Rules, budget: SeriesBudget
    ) {
        var plain = [("model", model), ("version", version)]
        if !variant.isEmpty { plain.append(("variant", variant)) }
        let names = plain + [("profile", layout.label)]
        func labels(_ more: [(String, String)]) -> [UInt8] { LabelSet(names + more).bytes }
        base = labels([])
        info = LabelSet(plain + [("profile", layout.label), ("profile_id", layout.id)]).bytes
        zScoreRows = labels([("detector", "zscore")])
        tailRows = labels([("detector", "tails")])
        let share = SeriesShare(budget)
        var columns: [Column] = []
        if let refusal = share.take(VariantSeriesLabels.ownCount) { budget.drop(refusal) }
        for (number, plan) in layout.columns.enumerated() {
            let isFeature = plan.column.role == .feature
            if isFeature, let shown = rules.features, !shown.contains(plan.name) { continue }
            let count = WatchFamilies.seriesCount(plan)
            if let refusal = share.take(count) {
                budget.drop(refusal, count: UInt64(count))
                continue
            }
            let own = isFeature ? [("feature", plan.name)] : []
            let bins = (0..<plan.scoredBinCount).map(VariantSeriesLabels.binName)
            let column = Column(
                number: number, base: labels(own),
                bins: bins.map { labels(own + [("bin", $0)]) },
                binInfos: bins.enumerated().map { bin, name in
                    labels(
                        own + [("bin", name)] + VariantSeriesLabels.content(of: bin, in: plan))
                },
                psi: labels(own + [("method", "psi")]), ks: labels(own + [("method", "ks")]),
                low: labels(own + [("bound", "low")]), high: labels(own + [("bound", "high")]),
                quantiles: Evaluation.quantiles.map { labels(own + [("q", $0.label)]) })
            share.take(pageBytes: count * column.base.count)
            columns.append(column)
        }
        self.columns = columns
        self.share = share
    }

    /// Two digits.
    private static func binName(_ bin: Int) -> String { bin < 10 ? "0\(bin)" : "\(bin)" }

    /// The labels that say what a bin contains.
    private static func content(of bin: Int, in plan: LayoutColumn) -> [(String, String)] {
        if let edges = plan.numeric?.summary.coarse.edges {
            return [
                ("lower", bin == 0 ? "-Inf" : NumberText.shortest(edges[bin - 1])),
                ("upper", bin == edges.count ? "+Inf" : NumberText.shortest(edges[bin])),
            ]
        }
        guard let reference = plan.categorical else { return [] }
        let named = Array(reference.summary.named)
        if bin < named.count { return [("category", named[bin].value)] }
        return [("category", bin == named.count ? "__other__" : "__unseen__")]
    }
}
