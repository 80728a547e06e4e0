/// Mean and population standard deviation of the reference, in whose units values are counted:
/// z = (value - mean) / deviation.
///
/// Sums of raw values are kept nowhere: they cancel (1e9 + noise), and one outlier of 1e12 would take
/// every later increment below the unit in the last place.
package struct Scale: Equatable, Sendable {
    /// |z| beyond it counts as this much.
    package static let limit = 1000.0

    package let mean: Double
    /// 0 for a constant, exactly.
    package let deviation: Double
    private let unit: Double

    package init(mean: Double, deviation: Double) {
        self.mean = mean
        self.deviation = deviation
        unit = deviation > 0 ? deviation : 1
    }

    /// A finite value in deviations from the mean, within ±`limit`.
    @inline(__always)
    package func z(of value: Double) -> Double {
        let distance = value - mean
        // 1e308 - -1e308 has no double, its quotient has.
        let z = distance.isFinite ? distance / unit : value / unit - mean / unit
        return min(max(z, -Scale.limit), Scale.limit)
    }
}

/// The first of the two passes over a reference that give its scale; the second is `ScaleDeviation`.
package struct ScaleMean: Sendable {
    private var sum = ExactSum()
    package private(set) var count = 0
    package private(set) var minimum = Double.infinity
    package private(set) var maximum = -Double.infinity

    package init() {}

    /// Adds a finite value.
    @inline(__always)
    package mutating func add(_ value: Double) {
        sum.add(value)
        count &+= 1
        minimum = min(minimum, value)
        maximum = max(maximum, value)
    }

    /// A power of two that keeps squares within the range of doubles, as its exponent; 0 if no need.
    var exponent: Int {
        let top = max(abs(minimum), abs(maximum))
        return top > 1e100 || (top > 0 && top < 1e-100) ? Int(top.exponent) : 0
    }

    /// The mean in units of 2^exponent.
    var scaledMean: Double {
        let unit = Double(sign: .plus, exponent: exponent, significand: 1)
        let mean = sum.value(dividedByTwoTo: exponent) / Double(count)
        // Two roundings may take the mean of nearly equal values past them.
        return min(max(mean, minimum / unit), maximum / unit)
    }
}

/// The second pass: squares of the distances from the mean.
package struct ScaleDeviation: Sendable {
    private let first: ScaleMean
    private let mean: Double
    private let unit: Double
    private var squares = ExactSum()

    /// `first` has seen all values, at least one.
    package init(_ first: ScaleMean) {
        precondition(first.count > 0)
        self.first = first
        mean = first.scaledMean
        unit = Double(sign: .plus, exponent: first.exponent, significand: 1)
    }

    /// Adds one of the values of the first pass, `count` times.
    @inline(__always)
    package mutating func add(_ value: Double, times count: Int = 1) {
        let distance = value / unit - mean
        squares.add(distance * distance, times: count)
    }

    /// The scale, once every value has been added.
    package var scale: Scale {
        if first.minimum == first.maximum { return Scale(mean: first.minimum, deviation: 0) }
        let deviation = (squares.value / Double(first.count)).squareRoot()
        return Scale(mean: mean * unit, deviation: deviation * unit)
    }
}
