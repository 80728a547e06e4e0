import Statistics
import Testing

struct BinTests {
    private func values(_ shape: Shape, _ count: Int, seed: UInt64) -> [Double] {
        var random = Generator(seed: seed)
        return (0..<count).map { _ in shape.number(&random) }
    }

    private static let numeric = Shape.allCases.filter(\.isNumeric)

    @Test(arguments: numeric)
    func `fine bins add up to the coarse ones`(shape: Shape) {
        for parts in [2, 5, 10, 12, 15, 16, 20, 24, 30] {
            let summary = NumericSummary(values(shape, 3001, seed: 3), parts: parts)
            let reference = NumericReference(summary)
            let fine = summary.fine?.counts ?? []
            #expect(
                reference.coarse(fine.map { UInt64($0) })
                    == summary.coarse.counts.map { Double($0) })
            #expect(fine.reduce(0, +) == 3001)
            #expect(Set(summary.coarse.edges).isSubset(of: Set(summary.fine?.edges ?? [])))
        }
    }

    @Test(arguments: numeric)
    func `the search finds the bin that counting edges finds`(shape: Shape) {
        let edges = NumericSummary(values(shape, 5000, seed: 4)).fine?.edges ?? []
        let search = EdgeSearch(edges)
        let special = [0, -1e308, 1e308, -.infinity, .infinity, 5e-300, -5e-300]
        for value in values(shape, 2000, seed: 5) + edges + edges.map(\.nextUp)
            + edges.map(\.nextDown) + special
        {
            #expect(search.bin(of: value) == edges.count { $0 < value }, "\(value)")
        }
    }

    @Test func `edges over many orders of magnitude are found as well`() {
        let edges = (-300...300).map { Double(sign: .plus, exponent: $0, significand: 1) }
        let search = EdgeSearch(edges.map { -$0 }.reversed() + [0] + edges)
        for (index, edge) in edges.enumerated() {
            #expect(search.bin(of: edge) == 602 + index)
            #expect(search.bin(of: -edge) == 600 - index)
        }
        #expect(EdgeSearch([]).bin(of: 3) == 0)
        #expect(EdgeSearch([-1.7e308, 1.7e308]).bin(of: 0) == 1)
    }

    @Test(arguments: numeric)
    func `windows and hosts add up to the counts of all rows in any order`(shape: Shape) {
        let reference = NumericReference(NumericSummary(values(shape, 2000, seed: 6)))
        let rows = values(shape, 900, seed: 7) + [.nan, .infinity, -.infinity, 1e12, -1e12]
        var all = NumericCounts(reference)
        for value in rows { all.add(value, to: reference) }
        var random = Generator(seed: 8)
        let mixed = rows.shuffled(using: &random)
        var merged = NumericCounts(reference)
        for part in [mixed[..<100], mixed[100..<101], mixed[101...]] {
            var window = NumericCounts(reference)
            for value in part { window.add(value, to: reference) }
            merged.merge(window)
        }
        #expect(merged.bins == all.bins && merged.clipped == all.clipped)
        #expect(merged.rows == UInt64(rows.count) && merged.missing == 1)
        #expect((merged.below, merged.above) == (all.below, all.above))
        #expect((merged.minimum, merged.maximum) == (all.minimum, all.maximum))
        #expect(abs(merged.squareSum.value - all.squareSum.value) <= 1e-12 * all.squareSum.value)
        #expect(reference.scores(merged) == reference.scores(all))
    }

    @Test func `hard references keep their mean and deviation`() {
        let offset = NumericSummary((0..<4000).map { 1e9 + Double($0 % 7) })
        #expect(abs(offset.scale.deviation - 2.0) < 0.01 && offset.scale.mean > 1e9)
        let tiny = NumericSummary([1e-12, 2e-12, 3e-12])
        #expect(abs(tiny.scale.deviation / 1e-12 - (2.0 / 3).squareRoot()) < 1e-12)
        let huge = NumericSummary([1e308, -1e308, 1e308, -1e308])
        #expect(huge.scale.mean == 0 && huge.scale.deviation == 1e308)
        #expect(huge.scale.z(of: 1.5e308) == 1.5)
        let constant = NumericSummary([0.1, 0.1, 0.1])
        #expect(constant.scale == Scale(mean: 0.1, deviation: 0))
        #expect(
            constant.coarse.edges == [(0.1).nextDown, 0.1] && constant.coarse.counts == [0, 3, 0])
        let one = NumericSummary([-0.0])
        #expect(one.coarse.edges == [(0.0).nextDown, 0])
    }

    @Test func `one outlier does not blind the sums`() {
        let reference = NumericReference(NumericSummary(values(.normal, 1000, seed: 9)))
        var counts = NumericCounts(reference)
        counts.add(1e12, to: reference)
        #expect(counts.clipped == 1 && counts.squareSum.value == 1e6 && counts.above == 1)
        for _ in 0..<1000 { counts.add(reference.summary.scale.mean + 1e-3, to: reference) }
        #expect(counts.squareSum.value > 1e6 + 0.0005)
    }

    @Test func `quantiles are those of the values within a bin`() throws {
        let rows = values(.normal, 5000, seed: 10)
        let reference = NumericReference(NumericSummary(rows))
        var counts = NumericCounts(reference)
        for value in rows { counts.add(value, to: reference) }
        let sorted = rows.sorted()
        for share in [0.05, 0.5, 0.95] {
            let found = try #require(reference.quantile(share, of: counts))
            #expect(abs(found - sorted[Int(share * 5000)]) < 0.05)
        }
        #expect(reference.quantile(0, of: counts) == sorted[0])
        #expect(reference.quantile(1, of: counts) == sorted[4999])
        #expect(reference.quantile(0.5, of: NumericCounts(reference)) == nil)
    }
}
