/// Distances that need the order of the bins: Kolmogorov–Smirnov, rank test, Wasserstein.
package struct OrderedScores: Equatable, Sendable {
    /// The KS distance is at least this, and exactly this for discrete bins.
    package var ksLower = 0.0
    /// ... and at most this: inside a bin the two distributions may rise in any order.
    package var ksUpper = 0.0
    /// Of `ksLower`, by the limiting distribution: a little conservative for small samples.
    package var ksPValue = 1.0
    /// P(current > reference) + P(equal) / 2, with values of one bin as equal.
    package var auc = 0.5
    /// The exact AUC differs from `auc` by this at most.
    package var aucHalfWidth = 0.0
    /// Mann–Whitney on the bins: normal approximation with ties, no continuity correction.
    package var rankPValue = 1.0
    /// Lower bound of the Wasserstein distance, in units of the values; nil without edges or sums of z.
    package var wassersteinLower: Double?
    /// The same in deviations of the reference; nil for a constant reference.
    package var wassersteinLowerNormed: Double?

    /// From -1 to 1; positive: the current values are larger.
    package var rankShift: Double { 2 * auc - 1 }

    /// Nil when one side is empty. `referenceSums` and `currentSums`: sums of z per bin, or empty.
    package init?(
        reference r: [Double], current c: [Double], referenceSums: [Double] = [],
        currentSums: [Double] = [], edges: [Double], scale: Scale, designEffect: Double = 1
    ) {
        precondition(r.count == c.count && r.count == edges.count + 1 && designEffect >= 1)
        let total = r.reduce(0, +)
        let count = c.reduce(0, +)
        if total == 0 || count == 0 { return nil }
        let effective = count / designEffect
        let size = effective * total / (effective + total)
        setDistributions(reference: r, current: c, total: total, count: count)
        ksPValue = Distribution.kolmogorovSurvival(size.squareRoot() * ksLower)
        var ties = 0.0
        for (r, c) in zip(r, c) {
            let t = r + c
            ties += t * t * t - t
        }
        let all = total + count
        let variance =
            (all + 1 - ties / (all * (all - 1))) / (12 * total * count)
            * (count * total / (count + total)) / size
        if variance > 0 {
            rankPValue = Distribution.complementaryError(
                abs(auc - 0.5) / (2 * variance).squareRoot())
        }
        if !edges.isEmpty, !referenceSums.isEmpty {
            let bound = OrderedScores.wasserstein(
                reference: r, current: c, referenceSums: referenceSums, currentSums: currentSums,
                edges: edges.map(scale.z(of:)))
            wassersteinLower = bound * (scale.deviation > 0 ? scale.deviation : 1)
            wassersteinLowerNormed = scale.deviation > 0 ? bound : nil
        }
    }

    private mutating func setDistributions(
        reference r: [Double], current c: [Double], total: Double, count: Double
    ) {
        // Counts add up exactly, quotients would not.
        var below = 0.0
        var currentBelow = 0.0
        auc = 0
        for index in r.indices {
            let f = below / total
            let g = currentBelow / count
            below += r[index]
            currentBelow += c[index]
            let fEnd = below / total
            let gEnd = currentBelow / count
            if index < r.count - 1 { ksLower = max(ksLower, abs(fEnd - gEnd)) }
            ksUpper = max(ksUpper, abs(fEnd - g), abs(gEnd - f))
            let p = r[index] / total
            let q = c[index] / count
            auc += q * (f + 0.5 * p)
            aucHalfWidth += 0.5 * p * q
        }
    }

    /// In units of z. Exact where the difference of the distributions keeps its sign inside each bin.
    private static func wasserstein(
        reference r: [Double], current c: [Double], referenceSums rz: [Double],
        currentSums cz: [Double], edges: [Double]
    ) -> Double {
        let total = r.reduce(0, +)
        let count = c.reduce(0, +)
        let last = edges.count
        var bound = abs((edges[0] * r[0] - rz[0]) / total - (edges[0] * c[0] - cz[0]) / count)
        bound += abs(
            (rz[last] - edges[last - 1] * r[last]) / total
                - (cz[last] - edges[last - 1] * c[last]) / count)
        var below = r[0]
        var currentBelow = c[0]
        for index in edges.indices.dropFirst() {
            let low = edges[index - 1]
            let high = edges[index]
            bound += abs(
                (high - low) * (below / total - currentBelow / count)
                    + (high * r[index] - rz[index]) / total
                    - (high * c[index] - cz[index]) / count)
            below += r[index]
            currentBelow += c[index]
        }
        return bound
    }
}
