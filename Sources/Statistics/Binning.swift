/// The bins of a numeric reference: interior edges, upper-inclusive as Prometheus' `le`, one bin more than
/// edges, the last one open.
package struct Bins: Equatable, Sendable {
    /// Where the edges come from.
    package enum Kind: String, Sendable {
        /// Quantiles of the reference.
        case quantile
        /// Every value of the reference but the largest.
        case discrete
        /// The only value c of the reference: the edges are the next double below c, and c.
        case constant
        /// Taken over from another format.
        case custom
    }

    package var kind: Kind
    /// Ascending and finite.
    package var edges: [Double]
    /// Values of the reference per bin.
    package var counts: [Int]
    /// Sums of z per bin; empty where none are kept.
    package var zSums: [Double]

    package init(kind: Kind, edges: [Double], counts: [Int], zSums: [Double] = []) {
        self.kind = kind
        self.edges = edges
        self.counts = counts
        self.zSums = zSums
    }
}

/// Makes bins from the reference's values in ascending order, each with how often it occurs, in one pass.
struct Binning {
    private let parts: Int
    private let discreteLimit: Int
    private let total: Int
    private let scale: Scale
    private let keepsSums: Bool

    /// Every value, while there are few enough for a bin each.
    private var discrete: [(value: Double, count: Int, sum: Double)] = []
    private(set) var distinctCount = 0
    private var edges: [Double] = []
    private var counts: [Int] = []
    private var zSums: [Double] = []
    private var seen = 0
    /// The quantile that the next edge is: its j of j / parts.
    private var quantile = 1
    private var openCount = 0
    private var openSum = ExactSum()
    private var pendingEdge: Double?

    /// At most `discreteLimit` values get a bin each; more are cut at the `parts` quantiles of all `total`.
    init(parts: Int, discreteLimit: Int, total: Int, scale: Scale, keepsSums: Bool) {
        self.parts = parts
        self.discreteLimit = discreteLimit
        self.total = total
        self.scale = scale
        self.keepsSums = keepsSums
    }

    /// Adds the next larger value.
    mutating func add(_ value: Double, z: Double, times count: Int) {
        if let edge = pendingEdge { close(at: edge) }
        distinctCount += 1
        if distinctCount <= discreteLimit {
            var sum = ExactSum()
            if keepsSums { sum.add(z, times: count) }
            discrete.append((value, count, sum.value))
        }
        openCount += count
        if keepsSums { openSum.add(z, times: count) }
        seen += count
        // Inverted-CDF quantiles: the smallest value x with F(x) >= j / parts, in whole numbers.
        while quantile < parts, (total * quantile + parts - 1) / parts <= seen {
            quantile += 1
            pendingEdge = value
        }
    }

    private mutating func close(at edge: Double) {
        edges.append(edge)
        counts.append(openCount)
        zSums.append(openSum.value)
        openCount = 0
        openSum = ExactSum()
        pendingEdge = nil
    }

    /// The bins, once every value has been added. The largest value is no edge.
    func finish() -> Bins {
        precondition(distinctCount > 0 && seen == total)
        if distinctCount == 1 {
            let value = discrete[0].value
            return Bins(
                kind: .constant, edges: [value.nextDown, value], counts: [0, total, 0],
                zSums: keepsSums ? [0, discrete[0].sum, 0] : [])
        }
        if distinctCount <= discreteLimit {
            return Bins(
                kind: .discrete, edges: discrete.dropLast().map(\.value),
                counts: discrete.map(\.count), zSums: keepsSums ? discrete.map(\.sum) : [])
        }
        return Bins(
            kind: .quantile, edges: edges, counts: counts + [openCount],
            zSums: keepsSums ? zSums + [openSum.value] : [])
    }
}
