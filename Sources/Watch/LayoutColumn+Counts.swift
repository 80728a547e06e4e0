internal import Profiles
internal import Statistics

/// The counts of a column in the form that scores are computed from.
extension LayoutColumn {
    /// Counts of a numerical column.
    func numericCounts(_ tally: Tally) -> NumericCounts? {
        guard let numeric else { return nil }
        var counts = NumericCounts(numeric)
        for bin in 0..<binCount { counts.bins[bin] = tally.words[firstWord + bin] }
        for bin in 0..<coarseCount {
            counts.zSums[bin] = CompensatedSum(
                high: tally.double(firstWord + binCount + bin), low: 0)
        }
        func sum(_ number: Number) -> CompensatedSum {
            CompensatedSum(high: tally.double(word(number)), low: 0)
        }
        counts.positiveSum = sum(.positiveSum)
        counts.negativeSum = sum(.negativeSum)
        counts.squareSum = sum(.squareSum)
        counts.clipped = tally.words[word(.clipped)]
        counts.missing = tally.words[word(.missing as Number)]
        counts.positiveInfinite = tally.words[word(.positiveInfinite)]
        counts.negativeInfinite = tally.words[word(.negativeInfinite)]
        counts.below = tally.words[word(.below)]
        counts.above = tally.words[word(.above)]
        counts.minimum = tally.double(word(.minimum))
        counts.maximum = tally.double(word(.maximum))
        return counts
    }

    /// Counts of a categorical column.
    func categoricalCounts(_ tally: Tally) -> CategoricalCounts? {
        guard let categorical else { return nil }
        var counts = CategoricalCounts(categorical)
        for bin in 0..<binCount { counts.bins[bin] = tally.words[firstWord + bin] }
        counts.missing = tally.words[word(.missing as Category)]
        counts.unseen = tally.words[word(.unseen)]
        return counts
    }

    /// The counts for a report; `rows` is the number of rows with features.
    func counted(_ tally: Tally, rows: UInt64, unseenNames: [[UInt8]: Int]) -> CountedColumn {
        let typeErrors = tally.words[typeErrorWord]
        let numericCounts = numericCounts(tally)
        let categoricalCounts = categoricalCounts(tally)
        let values =
            (numericCounts?.rows ?? 0) + (categoricalCounts?.rows ?? 0)
            + (numeric == nil && categorical == nil
                ? tally.words[word(.values)] + tally.words[missingWord] : 0)
        // What a model gives back may be absent from rows without being missing.
        let all = column.role == .feature ? rows : values &+ typeErrors
        var counted = CountedColumn(
            column, rows: Int(clamping: all), numeric: numeric, categorical: categorical)
        counted.numericCounts = numericCounts
        counted.categoricalCounts = categoricalCounts
        counted.typeErrors = Int(clamping: typeErrors)
        if numeric == nil && categorical == nil {
            counted.otherValues = Int(clamping: tally.words[word(.values)])
        }
        counted.unseenNames = unseenNames
        return counted
    }

    /// Estimated number of different categories.
    func distinctCount(_ tally: Tally) -> Double? {
        if categorical == nil { return nil }
        if tally.registers.isEmpty { return 0 }
        return DistinctRegisters.estimate(
            tally.registers.span.extracting(
                firstRegister..<firstRegister + DistinctRegisters.count))
    }
}
