/// A numeric reference made ready for counting: how values find their bins. A class, because it is used for
/// every value and has many parts: a structure would be copied with a count of references for each.
package final class NumericReference: Sendable {
    package let summary: NumericSummary
    /// The bins that values are counted in: the fine ones, or the coarse ones where there are no fine ones.
    package let bins: Bins
    /// The coarse bin of each of `bins`.
    package let coarseBins: [UInt8]
    package let search: EdgeSearch

    /// Every coarse edge is an edge of the fine bins; there are at most 255 coarse bins.
    package init(_ summary: NumericSummary) {
        self.summary = summary
        bins = summary.fine ?? summary.coarse
        let edges = summary.coarse.edges
        coarseBins =
            bins.edges.map { edge in UInt8(edges.count { $0 < edge }) } + [UInt8(edges.count)]
        search = EdgeSearch(bins.edges)
    }

    /// Coarse counts from counts over `bins`.
    package func coarse(_ counts: [UInt64]) -> [Double] {
        var result = [Double](repeating: 0, count: summary.coarse.counts.count)
        for (bin, count) in zip(coarseBins, counts) { result[Int(bin)] += Double(count) }
        return result
    }

    /// Scores of PSI and its like, over the coarse bins.
    package func scores(_ counts: NumericCounts, designEffect: Double = 1) -> BinScores {
        BinScores(
            reference: summary.coarse.counts.map(Double.init), current: coarse(counts.bins),
            designEffect: designEffect)
    }

    /// Scores over the coarse bins with their sums of z; nil when no value was counted.
    package func coarseOrderedScores(
        _ counts: NumericCounts, designEffect: Double = 1
    ) -> OrderedScores? {
        OrderedScores(
            reference: summary.coarse.counts.map(Double.init), current: coarse(counts.bins),
            referenceSums: summary.coarse.zSums, currentSums: counts.zSums.map(\.value),
            edges: summary.coarse.edges, scale: summary.scale, designEffect: designEffect)
    }

    /// KS and rank test over the fine bins; nil when no value was counted, or without fine bins.
    package func fineOrderedScores(
        _ counts: NumericCounts, designEffect: Double = 1
    ) -> OrderedScores? {
        guard let fine = summary.fine else { return nil }
        return OrderedScores(
            reference: fine.counts.map(Double.init), current: counts.bins.map { Double($0) },
            edges: fine.edges, scale: summary.scale, designEffect: designEffect)
    }

    /// A quantile of what was counted, linear inside a bin; the extremes end the outer bins. Nil when
    /// nothing was counted.
    package func quantile(_ share: Double, of counts: NumericCounts) -> Double? {
        let total = counts.finiteCount
        if total == 0 { return nil }
        let rank = share * Double(total)
        var below = 0.0
        for (index, count) in counts.bins.enumerated() where count > 0 {
            let here = Double(count)
            if below + here >= rank {
                let low = index == 0 ? counts.minimum : max(bins.edges[index - 1], counts.minimum)
                let high =
                    index == bins.edges.count
                    ? counts.maximum : min(bins.edges[index], counts.maximum)
                // A bin of one value has no inside.
                if bins.kind != .quantile { return high }
                let part = (rank - below) / here
                return low * (1 - part) + high * part
            }
            below += here
        }
        return counts.maximum
    }
}
