import Glibc
import Statistics
import Testing

/// How often the rule flags what does not drift, and finds what does. Every run draws the same numbers;
/// STATISTICS_ROUNDS makes it longer (`make statistics`).
struct NullAndPowerTests {
    private static let rounds =
        unsafe getenv("STATISTICS_ROUNDS").flatMap { unsafe Int(String(cString: $0)) } ?? 6

    @Test(arguments: [1000, 10_000])
    func `what does not drift is seldom flagged`(referenceRows: Int) {
        var random = Generator(seed: UInt64(referenceRows))
        var windows = 0
        var flags = 0
        var aboveThreshold = 0
        var models = 0
        var flaggedModels = 0
        for _ in 0..<NullAndPowerTests.rounds {
            let references = Shape.allCases.map {
                ShapedReference($0, rows: referenceRows, &random)
            }
            for rows in [50, 100, 200, 500, 1000] {
                let scores = references.map { $0.scores(rows: rows, &random) }
                let verdicts = DriftRule().drifted(scores).compactMap { $0 }
                windows += verdicts.count
                flags += verdicts.count { $0 }
                if rows <= 100 { aboveThreshold += scores.count { $0.psi >= 0.1 } }
                models += 1
                flaggedModels += verdicts.contains(true) ? 1 : 0
            }
        }
        let share = Double(flags) / Double(windows)
        let models_ = Double(flaggedModels) / Double(models)
        print(
            "null, reference \(referenceRows): \(flags) of \(windows) feature windows,",
            "\(flaggedModels) of \(models) model windows;",
            "PSI >= 0.1 alone: \(aboveThreshold) of \(2 * 16 * NullAndPowerTests.rounds)")
        // A short run is a small sample of the limits of 0.5 and 2 %: three standard errors above them.
        #expect(share <= 0.005 + 3 * (0.005 / Double(windows)).squareRoot())
        #expect(models_ <= 0.02 + 3 * (0.02 / Double(models)).squareRoot())
        // The rule must be what keeps quiet, not the data.
        #expect(aboveThreshold > 20 * max(flags, 1))
    }

    @Test(
        arguments: [(50, 1.0, 0.90), (100, 1.0, 0.99), (200, 0.5, 0.90)] as [(Int, Double, Double)])
    func `a shift of one of twenty features is found in one window`(
        rows: Int, shift: Double, power: Double
    ) {
        var random = Generator(seed: UInt64(rows))
        let reference = ShapedReference(.normal, rows: 10_000, &random)
        let trials = 16 * NullAndPowerTests.rounds
        var found = 0
        for _ in 0..<trials {
            var scores = (0..<19).map { _ in reference.scores(rows: rows, &random) }
            scores.append(reference.scores(rows: rows, shift: shift, &random))
            if DriftRule().drifted(scores)[19] == true { found += 1 }
        }
        let share = Double(found) / Double(trials)
        print("power, n = \(rows), shift \(shift): \(found) of \(trials)")
        #expect(share >= power - 2 * (power * (1 - power) / Double(trials)).squareRoot())
    }
}
