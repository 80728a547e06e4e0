/// Whether a share of rows is above the reference's by more than chance.
package enum Proportions {
    /// The chance that the current share is at least so far above the reference's when both come from the
    /// same source: one-sided.
    ///
    /// With five expected rows in each of the four cells by the normal approximation of the difference,
    /// else by the binomial distribution of the rows on both sides together, which needs none.
    package static func pValueAbove(
        reference: Int, of referenceRows: Int, current: Int, of currentRows: Int
    ) -> Double {
        if referenceRows <= 0 || currentRows <= 0 || current <= 0 { return 1 }
        let total = Double(referenceRows)
        let count = Double(currentRows)
        let pooled = Double(reference + current) / (total + count)
        let smallest = min(total, count) * min(pooled, 1 - pooled)
        if smallest < 5 {
            return Distribution.binomialTail(
                current, of: reference + current, chance: count / (total + count))
        }
        let difference = Double(current) / count - Double(reference) / total
        let deviation = (pooled * (1 - pooled) * (1 / total + 1 / count)).squareRoot()
        return 0.5 * Distribution.complementaryError(difference / deviation / 2.0.squareRoot())
    }
}
