import Statistics
import Testing

struct BinScoresTests {
    private let scores = BinScores(reference: [10, 20, 30, 40], current: [20, 20, 5, 5])

    private func isNear(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= 1e-12 * abs(expected)
    }

    @Test func `chi-square is that of a contingency table`() {
        // scipy 1.14: chi2_contingency([[10, 20, 30, 40], [20, 20, 5, 5]], correction=False)
        #expect(isNear(scores.chiSquare, 35.714_285_714_285_715))
        #expect(scores.chiSquareFreedom == 3)
        #expect(abs(scores.chiSquarePValue - 8.605_750_991_904_816e-08) < 1e-18)
    }

    @Test func `distances are those of their definitions`() {
        #expect(isNear(scores.jensenShannonDistance, 0.373_530_038_120_960_03))
        #expect(isNear(scores.hellinger, 0.379_410_340_882_392_5))
        #expect(isNear(scores.totalVariation, 0.5))
        #expect(isNear(scores.largestDifference, 0.3))
    }

    @Test func `equal shares have no distance, and each distance is the same both ways`() {
        let equal = BinScores(reference: [10, 20, 30], current: [1, 2, 3])
        #expect(equal.jensenShannonDistance < 1e-7 && equal.totalVariation < 1e-15)
        #expect(equal.chiSquare < 1e-12 && equal.hellinger < 1e-7)
        let back = BinScores(reference: [20, 20, 5, 5], current: [10, 20, 30, 40])
        #expect(isNear(back.jensenShannonDistance, scores.jensenShannonDistance))
        #expect(isNear(back.hellinger, scores.hellinger))
        #expect(isNear(back.chiSquare, scores.chiSquare))
    }

    @Test func `a bin that one side lacks counts in full`() {
        let apart = BinScores(reference: [1, 0], current: [0, 1])
        #expect(isNear(apart.jensenShannonDistanceBase2, 1))
        #expect(isNear(apart.hellinger, 1) && isNear(apart.totalVariation, 1))
    }
}
