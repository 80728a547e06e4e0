/// What is kept of a numeric reference: its scale, extremes, and counts over coarse and fine bins.
package struct NumericSummary: Equatable, Sendable {
    /// Bins of the fine partition; coarse partitions divide it, so that coarse bins are unions of fine
    /// ones.
    package static let fineParts = 240
    /// A reference of at most this many values has a coarse bin for each.
    package static let discreteLimit = 20

    package var scale: Scale
    package var minimum: Double
    package var maximum: Double
    package var distinctCount: Int
    /// With sums of z.
    package var coarse: Bins
    /// Without sums of z; nil where a profile has none.
    package var fine: Bins?

    package init(
        scale: Scale, minimum: Double, maximum: Double, distinctCount: Int, coarse: Bins,
        fine: Bins?
    ) {
        self.scale = scale
        self.minimum = minimum
        self.maximum = maximum
        self.distinctCount = distinctCount
        self.coarse = coarse
        self.fine = fine
    }

    /// From all finite values of the reference, at least one, in any order. -0.0 counts as 0.0.
    package init(_ values: [Double], parts: Int = 10, discreteLimit: Int = discreteLimit) {
        let sorted = values.map { $0 + 0.0 }.sorted()
        var mean = ScaleMean()
        for value in sorted { mean.add(value) }
        var deviation = ScaleDeviation(mean)
        for value in sorted { deviation.add(value) }
        var summary = NumericSummaryBuilder(
            count: sorted.count, scale: deviation.scale, parts: parts, discreteLimit: discreteLimit)
        for value in sorted { summary.add(value) }
        self = summary.finish()
    }
}

/// Makes a summary from the values in ascending order; equal ones may come one by one.
package struct NumericSummaryBuilder {
    private let scale: Scale
    private var coarse: Binning
    private var fine: Binning
    private var minimum = 0.0
    private var value = 0.0
    private var count = 0

    /// `parts` is the number of coarse quantile bins. Coarse bins are unions of fine ones if it divides 240.
    package init(
        count: Int, scale: Scale, parts: Int, discreteLimit: Int = NumericSummary.discreteLimit
    ) {
        let fineParts = NumericSummary.fineParts
        precondition(parts > 1)
        self.scale = scale
        coarse = Binning(
            parts: parts, discreteLimit: max(discreteLimit, parts), total: count, scale: scale,
            keepsSums: true)
        fine = Binning(
            parts: fineParts, discreteLimit: fineParts, total: count, scale: scale,
            keepsSums: false)
    }

    /// Adds a value that is not smaller than those before.
    @inline(__always)
    package mutating func add(_ next: Double, times: Int = 1) {
        if next == value, count > 0 {
            count += times
        } else {
            flush()
            value = next
            count = times
        }
    }

    private mutating func flush() {
        if count == 0 { return }
        if coarse.distinctCount == 0 { minimum = value }
        let z = scale.z(of: value)
        coarse.add(value, z: z, times: count)
        fine.add(value, z: z, times: count)
    }

    package mutating func finish() -> NumericSummary {
        flush()
        return NumericSummary(
            scale: scale, minimum: minimum, maximum: value, distinctCount: coarse.distinctCount,
            coarse: coarse.finish(), fine: fine.finish())
    }
}
