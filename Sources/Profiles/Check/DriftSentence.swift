internal import Statistics

/// The sentence of a check about a column.
enum DriftSentence {
    static func sentences(
        for column: CheckReport.Column, counter: ColumnCounter, rule: DriftRule
    ) -> [String] {
        if !column.isPresent {
            return [
                column.role == .feature
                    ? "the column is missing" : "not in the file, not evaluated"
            ]
        }
        var sentences: [String] = []
        if let drift = drift(of: column, counter: counter, rule: rule) { sentences.append(drift) }
        for quality in column.quality where quality.isFinding {
            sentences.append(sentence(for: quality, column: column))
        }
        return sentences
    }

    private static func drift(
        of column: CheckReport.Column, counter: ColumnCounter, rule: DriftRule
    ) -> String? {
        guard let scores = column.scores else {
            return "not evaluated: the reference has no values"
        }
        switch column.hasDrifted {
        case nil:
            let needed = rule.rowsNeeded(bins: scores.usedBinCount)
            return "not evaluated: \(Amounts.count(Int(scores.currentCount))) values,"
                + " \(Amounts.count(needed)) are needed"
        case false: return nil
        case true:
            let what =
                counter.numeric != nil
                ? numeric(counter, scores: scores)
                : counter.categorical.flatMap {
                    categories(of: $0, counter: counter, scores: scores)
                }
            return what.map { "\($0); \(Amounts.howOften(scores.psiPValue))" }
        }
    }

    /// The edge beside which most has changed.
    private static func numeric(_ counter: ColumnCounter, scores: BinScores) -> String? {
        guard let reference = counter.numeric, let counts = counter.numericCounts else {
            return nil
        }
        let summary = reference.summary
        let current = reference.coarse(counts.bins)
        var best = (difference: -1.0, edge: 0.0, above: 0.0, before: 0.0)
        var below = 0.0
        var currentBelow = 0.0
        for (index, edge) in summary.coarse.edges.enumerated() {
            below += Double(summary.coarse.counts[index])
            currentBelow += current[index]
            let before = 1 - below / scores.referenceCount
            let above = 1 - currentBelow / scores.currentCount
            if abs(above - before) > best.difference {
                best = (abs(above - before), edge, above, before)
            }
        }
        if best.difference < 0 { return nil }
        let isAbove = best.above >= best.before
        return change(
            of: "are \(isAbove ? "above" : "at most") \(Amounts.value(best.edge))",
            from: isAbove ? best.before : 1 - best.before,
            to: isAbove ? best.above : 1 - best.above, scores: scores)
    }

    /// The category, or the rest, whose share has changed most.
    private static func categories(
        of reference: CategoricalReference, counter: ColumnCounter, scores: BinScores
    ) -> String? {
        guard let counts = counter.categoricalCounts else { return nil }
        let before = reference.summary.binCounts.map { Double($0) / scores.referenceCount }
        let now = counts.bins.map { Double($0) / scores.currentCount }
        guard
            let bin = before.indices.max(by: {
                abs(now[$0] - before[$0]) < abs(now[$1] - before[$1])
            })
        else { return nil }
        let named = Array(reference.summary.named)
        let what =
            if bin < named.count {
                "are \(Quoted.text(named[bin].value))"
            } else if bin == before.count - 1, reference.summary.hashes != nil {
                "are categories that training did not have"
            } else {
                "are rarer categories"
            }
        return change(of: what, from: before[bin], to: now[bin], scores: scores)
    }

    private static func change(
        of what: String, from before: Double, to now: Double, scores: BinScores
    ) -> String {
        "\(Amounts.percent(now)) of \(Amounts.count(Int(scores.currentCount))) rows \(what),"
            + " in training \(Amounts.percent(before))"
    }

    private static func sentence(
        for quality: CheckReport.Quality, column: CheckReport.Column
    ) -> String {
        let what =
            switch quality.kind {
            case .missing: "are missing"
            case .infinite: "are infinite"
            case .outOfRange: "are out of range"
            case .unseen: "are categories that training did not have"
            case .type: "are not numbers"
            }
        var text =
            "\(Amounts.percent(Double(quality.count) / Double(quality.rows))) of"
            + " \(Amounts.count(quality.rows)) rows \(what), in training"
            + " \(Amounts.percent(Double(quality.referenceCount) / Double(quality.referenceRows)))"
        if quality.kind == .unseen, !column.unseenNames.isEmpty {
            let names = column.unseenNames.prefix(3).map {
                "\(Quoted.text($0.value)) \(Amounts.count($0.count))"
            }
            text += " (\(names.joined(separator: ", ")))"
        }
        return text
    }
}
