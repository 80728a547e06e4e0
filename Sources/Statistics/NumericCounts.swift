/// What is counted of the values of a window against a reference. Counts of windows, runs and hosts add up.
package struct NumericCounts: Equatable, Sendable {
    /// Finite values per bin of `NumericReference.bins`.
    package var bins: [UInt64]
    /// Sums of z per coarse bin.
    package var zSums: [CompensatedSum]
    /// Sum of z of the values above the mean, of -z of those below, and of z².
    package var positiveSum = CompensatedSum()
    package var negativeSum = CompensatedSum()
    package var squareSum = CompensatedSum()
    /// Values with |z| at the limit of 1,000 or beyond; each counts as 1,000.
    package var clipped: UInt64 = 0
    package var missing: UInt64 = 0
    package var positiveInfinite: UInt64 = 0
    package var negativeInfinite: UInt64 = 0
    /// Values below the reference's minimum, above its maximum.
    package var below: UInt64 = 0
    package var above: UInt64 = 0
    package var minimum = Double.infinity
    package var maximum = -Double.infinity

    package init(_ reference: NumericReference) {
        bins = [UInt64](repeating: 0, count: reference.bins.counts.count)
        zSums = [CompensatedSum](
            repeating: CompensatedSum(), count: reference.summary.coarse.counts.count)
    }

    /// Values that are in a bin.
    package var finiteCount: UInt64 { bins.reduce(0, +) }
    /// Values, missing ones and infinities.
    package var rows: UInt64 { finiteCount + missing + positiveInfinite + negativeInfinite }

    /// How far the mean has moved, in deviations of the reference; nil when nothing was counted.
    package var meanShift: Double? {
        let count = finiteCount
        return count == 0 ? nil : (positiveSum.value - negativeSum.value) / Double(count)
    }

    /// The current deviation over the reference's: a difference of squares, good to about 1e-6.
    package var deviationRatio: Double? {
        guard let mean = meanShift else { return nil }
        return max(0, squareSum.value / Double(finiteCount) - mean * mean).squareRoot()
    }

    /// Counts a value; NaN is missing.
    @inline(__always)
    package mutating func add(_ value: Double, to reference: NumericReference) {
        guard value.isFinite else { return addSpecial(value) }
        let bin = reference.search.bin(of: value)
        let z = reference.summary.scale.z(of: value)
        bins[bin] &+= 1
        zSums[Int(reference.coarseBins[bin])].add(z)
        if z > 0 { positiveSum.add(z) } else { negativeSum.add(0 - z) }
        squareSum.add(z * z)
        if abs(z) == Scale.limit { clipped &+= 1 }
        if value < reference.summary.minimum { below &+= 1 }
        if value > reference.summary.maximum { above &+= 1 }
        minimum = min(minimum, value)
        maximum = max(maximum, value)
    }

    private mutating func addSpecial(_ value: Double) {
        if value.isNaN {
            missing += 1
        } else if value > 0 {
            positiveInfinite += 1
        } else {
            negativeInfinite += 1
        }
    }

    /// Adds the counts of another window of the same reference.
    package mutating func merge(_ other: NumericCounts) {
        precondition(bins.count == other.bins.count && zSums.count == other.zSums.count)
        for index in bins.indices { bins[index] += other.bins[index] }
        for index in zSums.indices { zSums[index].add(other.zSums[index]) }
        positiveSum.add(other.positiveSum)
        negativeSum.add(other.negativeSum)
        squareSum.add(other.squareSum)
        clipped += other.clipped
        missing += other.missing
        positiveInfinite += other.positiveInfinite
        negativeInfinite += other.negativeInfinite
        below += other.below
        above += other.above
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }
}
