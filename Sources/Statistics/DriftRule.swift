/// When a feature has drifted: enough values, an effect, and more than chance. One function serves pages,
/// reports and the command line.
package struct DriftRule: Equatable, Sendable {
    /// What `psiExcess` must reach.
    package var threshold = 0.1
    /// False discovery rate over the features that are evaluated together.
    package var falseDiscoveryRate = 0.01
    /// Values that a window must have.
    package var minimumRows = 50
    /// As how many rows one independent row counts; divides n in noise and p-values.
    package var designEffect = 1.0

    package init() {}

    /// Values that a feature of so many bins needs: 5 per bin, counted for at most 20 bins.
    package func rowsNeeded(bins: Int) -> Int { max(minimumRows, 5 * min(bins, 20)) }

    /// Whether there are enough values for a verdict.
    package func isEvaluated(_ scores: BinScores) -> Bool {
        !scores.isUndefined && scores.currentCount >= Double(rowsNeeded(bins: scores.usedBinCount))
    }

    /// For each feature whether it has drifted; nil where there are too few values, which then take no
    /// part in the correction for many features.
    package func drifted(_ features: [BinScores]) -> [Bool?] {
        let evaluated = features.indices.filter { isEvaluated(features[$0]) }
        let rejected = DriftRule.benjaminiHochberg(
            evaluated.map { features[$0].psiPValue }, rate: falseDiscoveryRate)
        var result = [Bool?](repeating: nil, count: features.count)
        for (index, isRejected) in zip(evaluated, rejected) {
            result[index] = isRejected && features[index].psiExcess >= threshold
        }
        return result
    }

    /// Which hypotheses are rejected at a false discovery rate (Benjamini and Hochberg, 1995). The order
    /// of equal p-values does not matter.
    package static func benjaminiHochberg(_ pValues: [Double], rate: Double) -> [Bool] {
        let sorted = pValues.sorted()
        let limit = sorted.indices.last { index in
            sorted[index] <= rate * Double(index + 1) / Double(sorted.count)
        }
        guard let limit else { return pValues.map { _ in false } }
        return pValues.map { $0 <= sorted[limit] }
    }
}
