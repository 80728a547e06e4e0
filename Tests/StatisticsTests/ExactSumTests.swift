import Statistics
import Testing

struct ExactSumTests {
    private func sum(_ values: [Double]) -> Double {
        var sum = ExactSum()
        for value in values { sum.add(value) }
        return sum.value
    }

    private static let least = Double.leastNonzeroMagnitude
    private static let sums: [([Double], Double)] = [
        ([], 0.0), ([1e308, 1e308, -1e308], 1e308), ([1e100, 1, -1e100], 1),
        ([least, least], 2 * least), ([-least, least], 0),
        ([1, 1e-16, 1e-16], 1.0000000000000002),
        ([9_007_199_254_740_992, 1], 9_007_199_254_740_992),
        ([9_007_199_254_740_992, 1, 1e-300], 9_007_199_254_740_994),
        ([9_007_199_254_740_994, 1], 9_007_199_254_740_996),
        ([1e308, 1e308], Double.infinity), ([-1e308, -1e308], -Double.infinity),
        ([.leastNormalMagnitude, -least], Double.leastNormalMagnitude.nextDown),
        ([0.1, 0.2, 0.3, -0.6], 2.7755575615628914e-17),
    ]
    private static let values = [0.1, -3.7e-12, 1e150, 1e250, 1e-250, least]

    @Test(arguments: sums)
    func `a sum is rounded once, to even`(values: [Double], expected: Double) {
        #expect(sum(values) == expected)
        #expect(sum(values.reversed()) == expected)
        #expect(sum(values.map { -$0 }) == -expected || expected == 0)
    }

    @Test func `the order of values does not change a bit`() {
        var generator = Generator(seed: 7)
        var values: [Double] = []
        for _ in 0..<5000 {
            let scale = Double(
                sign: .plus, exponent: Int.random(in: -300...300, using: &generator), significand: 1
            )
            values.append(Double.random(in: -1...1, using: &generator) * scale)
        }
        let expected = sum(values)
        for _ in 0..<5 { #expect(sum(values.shuffled(using: &generator)) == expected) }
        var halves = ExactSum()
        var second = ExactSum()
        for value in values[..<2500] { halves.add(value) }
        for value in values[2500...] { second.add(value) }
        halves.add(second)
        #expect(halves.value == expected)
    }

    @Test(arguments: values)
    func `a value added many times at once is the same as one by one`(value: Double) {
        for count in [1, 2, 3, 1000, 12_345] {
            var once = ExactSum()
            once.add(value, times: count)
            #expect(once.value == sum([Double](repeating: value, count: count)))
        }
    }

    @Test func `a sum beyond the range of doubles can be scaled into it`() {
        var sum = ExactSum()
        for _ in 0..<1000 { sum.add(1.5e308) }
        let scaled = sum.value(dividedByTwoTo: 1023)
        #expect(scaled == 1000 * (1.5e308 / 0x1p1023))
    }
}
