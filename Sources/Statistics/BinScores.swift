internal import Glibc

/// Distances between the reference's and the current counts over the same bins.
///
/// Definition: docs/drift.md. Bins that are empty on both sides carry no information and are left out.
package struct BinScores: Equatable, Sendable {
    /// What is added to every count for PSI and KL, so that an empty bin has a logarithm.
    static let smoothing = 0.5

    package var binCount = 0
    package var usedBinCount = 0
    package var referenceCount = 0.0
    package var currentCount = 0.0
    /// Population stability index.
    package var psi = 0.0
    /// About what PSI is when nothing drifts: (bins - 1) (1/n + 1/N).
    package var psiNoise = 0.0
    /// PSI without its noise, at least 0: the effect that is compared with a threshold.
    package var psiExcess = 0.0
    package var psiPValue = 1.0
    package var jensenShannonNats = 0.0
    /// KL divergence of the smoothed counts, from the reference to the current ones, in nats.
    package var klDivergence = 0.0
    package var hellinger = 0.0
    package var totalVariation = 0.0
    package var largestDifference = 0.0
    /// Chi-square of homogeneity on the table of both rows of counts.
    package var chiSquare = 0.0
    package var chiSquareFreedom = 0
    package var chiSquarePValue = 1.0
    /// Whether Cochran's rule holds, without which the p-value of chi-square means nothing.
    package var isChiSquareValid = false
    /// AUC of the best classifier that sees only the bin.
    package var bestClassifierAUC = 0.5

    package var jensenShannonDistance: Double { jensenShannonNats.squareRoot() }
    /// The distance with logarithms to the base 2: from 0 to 1.
    package var jensenShannonDistanceBase2: Double {
        (jensenShannonNats / 0.693_147_180_559_945_3).squareRoot()
    }
    /// Whether one side is empty; then nothing but the counts is defined.
    package var isUndefined: Bool { referenceCount == 0 || currentCount == 0 }

    /// `designEffect`: as how many rows one independent row counts; it divides the current count in noise
    /// and p-values.
    package init(reference: [Double], current: [Double], designEffect: Double = 1) {
        precondition(reference.count == current.count && designEffect >= 1)
        let kept = reference.indices.filter { reference[$0] + current[$0] > 0 }
        binCount = reference.count
        usedBinCount = kept.count
        let r = kept.map { reference[$0] }
        let c = kept.map { current[$0] }
        let total = r.reduce(0, +)
        let count = c.reduce(0, +)
        referenceCount = total
        currentCount = count
        if isUndefined { return }
        let effective = count / designEffect
        setDivergences(reference: r, current: c)
        let freedom = kept.count - 1
        psiNoise = Double(freedom) * (1 / effective + 1 / total)
        psiExcess = max(0, psi - psiNoise)
        psiPValue = Distribution.chiSquareSurvival(
            psi * effective * total / (effective + total), freedom: freedom)
        setChiSquare(
            reference: r, current: c,
            shrink: (effective * total / (effective + total)) * (count + total) / (count * total))
    }

    private mutating func setDivergences(reference r: [Double], current c: [Double]) {
        let bins = Double(r.count)
        let alpha = BinScores.smoothing
        var coefficient = 0.0
        for (r, c) in zip(r, c) {
            let p = r / referenceCount
            let q = c / currentCount
            let ps = (r + alpha) / (referenceCount + alpha * bins)
            let qs = (c + alpha) / (currentCount + alpha * bins)
            psi += (qs - ps) * log(qs / ps)
            klDivergence += ps * log(ps / qs)
            let middle = 0.5 * (p + q)
            if p > 0 { jensenShannonNats += 0.5 * p * log(p / middle) }
            if q > 0 { jensenShannonNats += 0.5 * q * log(q / middle) }
            coefficient += (p * q).squareRoot()
            totalVariation += 0.5 * abs(p - q)
            largestDifference = max(largestDifference, abs(p - q))
        }
        jensenShannonNats = max(0, jensenShannonNats)
        hellinger = max(0, 1 - coefficient).squareRoot()
        // Bins in the order of their likelihood ratio, then a rank-sum over them.
        let ratios = zip(r, c).map { r, c in
            (c / currentCount) / (r / referenceCount + c / currentCount)
        }
        var below = 0.0
        bestClassifierAUC = 0
        for index in ratios.indices.sorted(by: { (ratios[$0], $0) < (ratios[$1], $1) }) {
            let p = r[index] / referenceCount
            bestClassifierAUC += c[index] / currentCount * (below + 0.5 * p)
            below += p
        }
    }

    private mutating func setChiSquare(
        reference r: [Double], current c: [Double], shrink: Double
    ) {
        let all = referenceCount + currentCount
        var smallest = Double.infinity
        var small = 0
        for (r, c) in zip(r, c) {
            let expectedR = (r + c) * referenceCount / all
            let expectedC = (r + c) * currentCount / all
            chiSquare += (r - expectedR) * (r - expectedR) / expectedR
            chiSquare += (c - expectedC) * (c - expectedC) / expectedC
            smallest = min(smallest, expectedR, expectedC)
            small += (expectedR < 5 ? 1 : 0) + (expectedC < 5 ? 1 : 0)
        }
        chiSquareFreedom = r.count - 1
        chiSquarePValue = Distribution.chiSquareSurvival(
            chiSquare * shrink, freedom: chiSquareFreedom)
        isChiSquareValid = smallest >= 1 && Double(small) <= 0.2 * Double(2 * r.count)
    }
}
