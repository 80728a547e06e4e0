import Statistics
import Testing

struct RuleTests {
    @Test
    func `a procedure of Benjamini and Hochberg rejects up to the last p-value under its line`() {
        // The example of their paper at 0.05: four of fifteen.
        let pValues = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.000,
        ]
        let rejected = DriftRule.benjaminiHochberg(pValues, rate: 0.05)
        #expect(rejected.count { $0 } == 4 && rejected[3] && !rejected[4])
        #expect(DriftRule.benjaminiHochberg(pValues.reversed(), rate: 0.05) == rejected.reversed())
        // A p-value above its own line is rejected with a later one that lies under its.
        #expect(DriftRule.benjaminiHochberg([0.04, 0.04], rate: 0.05) == [true, true])
        #expect(DriftRule.benjaminiHochberg([], rate: 0.05) == [])
        #expect(DriftRule.benjaminiHochberg([0.0, 0.5], rate: 0.0) == [true, false])
    }

    @Test func `too few rows are not evaluated and take no part in the correction`() {
        let same = [Double](repeating: 100, count: 10)
        var moved = [Double](repeating: 2, count: 10)
        moved[0] = 31
        let few = BinScores(reference: same, current: moved.map { $0 * 0.9 })
        let enough = BinScores(reference: same, current: moved.map { $0 * 2 })
        let none = BinScores(reference: same, current: [Double](repeating: 0, count: 10))
        #expect(DriftRule().drifted([few, enough, none]) == [nil, true, nil])
        #expect(none.isUndefined)
        var rule = DriftRule()
        rule.minimumRows = 10
        #expect(rule.rowsNeeded(bins: 10) == 50 && rule.rowsNeeded(bins: 200) == 100)
    }

    @Test func `a design effect makes the p-value and the noise of fewer rows`() {
        let reference = [Double](repeating: 1000, count: 10)
        let current = (0..<10).map { Double(40 + 4 * $0) }
        let plain = BinScores(reference: reference, current: current)
        let grouped = BinScores(reference: reference, current: current, designEffect: 4)
        #expect(grouped.psi == plain.psi && grouped.currentCount == plain.currentCount)
        #expect(grouped.psiNoise > 3 * plain.psiNoise && grouped.psiPValue > plain.psiPValue)
        #expect(grouped.psiExcess < plain.psiExcess)
        let edges = (0..<9).map { Double($0) }
        let scale = Scale(mean: 4, deviation: 3)
        let ks = OrderedScores(reference: reference, current: current, edges: edges, scale: scale)
        let wide = OrderedScores(
            reference: reference, current: current, edges: edges, scale: scale, designEffect: 4)
        #expect(wide?.ksLower == ks?.ksLower)
        #expect((wide?.ksPValue ?? 0) > (ks?.ksPValue ?? 1))
        #expect((wide?.rankPValue ?? 0) > (ks?.rankPValue ?? 1))
    }

    @Test func `distributions have the values of tables`() {
        #expect(abs(Distribution.chiSquareSurvival(21.665994333461924, freedom: 9) - 0.01) < 1e-13)
        #expect(Distribution.chiSquareSurvival(3, freedom: 0) == 1)
        #expect(Distribution.chiSquareSurvival(0, freedom: 3) == 1)
        #expect(Distribution.chiSquareSurvival(1e6, freedom: 3) == 0)
        #expect(abs(Distribution.kolmogorovSurvival(1.3580986393225505) - 0.05) < 1e-13)
        #expect(Distribution.kolmogorovSurvival(0) == 1)
        #expect(abs(Distribution.complementaryError(1) - 0.15729920705028513) < 1e-16)
        // 3 of 10 at 0.5: 1 - (1 + 10 + 45) / 1024.
        #expect(abs(Distribution.binomialTail(3, of: 10, chance: 0.5) - 0.9453125) < 1e-15)
    }

    @Test func `a share is above the reference's only by more than chance`() {
        func p(_ reference: Int, _ total: Int, _ current: Int, _ rows: Int) -> Double {
            Proportions.pValueAbove(
                reference: reference, of: total, current: current, of: rows)
        }
        #expect(p(0, 1000, 0, 1000) == 1)
        #expect(p(0, 1000, 1, 1000) == 0.5)
        #expect(p(0, 1000, 20, 1000) < 1e-5)
        #expect(p(100, 1000, 100, 1000) == 0.5)
        #expect(p(100, 1000, 50, 1000) > 0.99)
        #expect(p(100, 1000, 160, 1000) < 1e-4)
        #expect(p(5, 10, 3, 0) == 1)
    }

    @Test func `unseen categories are few where the reference has many rare ones`() {
        var random = Generator(seed: 11)
        let reference = ShapedReference(.identifiers, rows: 1000, &random)
        let scores = reference.scores(rows: 1000, &random)
        #expect(scores.psi < 0.01 && DriftRule().drifted([scores]) == [false])
    }
}
