/// A sum of doubles that keeps what rounding takes away (Knuth's two-sum): its error is that of one
/// rounding for any number of values that occurs here, at 16 bytes.
///
/// The same values in the same order give the same bits; sums of windows may be added.
package struct CompensatedSum: Equatable, Sendable {
    /// The rounded sum and what it lacks.
    package private(set) var high = 0.0
    package private(set) var low = 0.0

    package init() {}

    /// A sum that was kept.
    package init(high: Double, low: Double) {
        self.high = high
        self.low = low
    }

    package var value: Double { high + low }

    @inline(__always)
    package mutating func add(_ value: Double) {
        let sum = high + value
        let back = sum - high
        low += (high - (sum - back)) + (value - back)
        high = sum
    }

    /// Adds another sum.
    package mutating func add(_ other: CompensatedSum) {
        add(other.high)
        low += other.low
    }
}
