/// The correctly rounded sum of any number of finite doubles, as Python's `math.fsum` gives it: the order
/// of the values does not change a bit.
///
/// The sum is a fixed-point number of 67 limbs of 32 bits, each stored in 64 bits to delay carries (R. Neal,
/// "Fast exact summation using small and large superaccumulators", 2015). It cannot overflow.
package struct ExactSum: Sendable {
    /// Limb i counts units of 2^(32 i - 1074).
    private var limbs = InlineArray<67, Int64>(repeating: 0)
    /// Additions that fit before carries must move up: each adds less than 2^53 to a limb.
    private var additionsLeft = ExactSum.additionsPerCarry
    private static let additionsPerCarry = 1000

    package init() {}

    /// Adds a finite value.
    @inline(__always)
    package mutating func add(_ value: Double) {
        let bits = value.bitPattern
        let field = Int(truncatingIfNeeded: bits >> 52) & 0x7FF
        precondition(field != 0x7FF)
        let isNormal: UInt64 = field == 0 ? 0 : 1
        let mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | isNormal << 52
        let shift = field &- Int(truncatingIfNeeded: isNormal)
        let limb = shift >> 5
        let offset = UInt64(truncatingIfNeeded: shift & 31)
        let low = Int64(truncatingIfNeeded: (mantissa &<< offset) & 0xFFFF_FFFF)
        let high = Int64(truncatingIfNeeded: mantissa &>> (32 &- offset))
        // 0 or -1: negates without a branch, for signs are as good as random.
        let sign = Int64(bitPattern: bits) >> 63
        limbs[limb] &+= (low ^ sign) &- sign
        limbs[limb &+ 1] &+= (high ^ sign) &- sign
        additionsLeft &-= 1
        if additionsLeft == 0 { carry() }
    }

    /// Adds a value `count` times.
    package mutating func add(_ value: Double, times count: Int) {
        if count == 1 { return add(value) }
        let magnitude = abs(value)
        if magnitude > 1e-200, magnitude < 1e200 {
            // The product and what rounding took from it, both exact doubles in this range.
            let product = value * Double(count)
            add(product)
            add((-product).addingProduct(value, Double(count)))
        } else if value != 0 {
            for _ in 0..<count { add(value) }
        }
    }

    /// Adds all that another sum holds.
    package mutating func add(_ other: ExactSum) {
        var other = other
        other.carry()
        carry()
        for index in 0..<67 { limbs[index] &+= other.limbs[index] }
        carry()
    }

    @inline(never)
    private mutating func carry() {
        for index in 0..<66 {
            limbs[index &+ 1] &+= limbs[index] >> 32
            limbs[index] &= 0xFFFF_FFFF
        }
        additionsLeft = ExactSum.additionsPerCarry
    }

    /// The sum, rounded to the nearest double, ties to even; infinite beyond the range.
    package var value: Double { value(dividedByTwoTo: 0) }

    /// The sum divided by 2^exponent, rounded once.
    package func value(dividedByTwoTo exponent: Int) -> Double {
        var sum = self
        sum.carry()
        let isNegative = sum.limbs[66] < 0
        if isNegative {
            for index in 0..<67 { sum.limbs[index] = 0 &- sum.limbs[index] }
            sum.carry()
        }
        guard let top = (0..<67).last(where: { sum.limbs[$0] != 0 }) else { return 0 }
        // The 64 bits from the highest one on, and whether any lower bit is set.
        let highest = UInt64(sum.limbs[top])
        let width = 64 - highest.leadingZeroBitCount
        var window = highest << UInt64(64 - width)
        var filled = width
        var isSticky = false
        for index in stride(from: top - 1, through: 0, by: -1) {
            let limb = UInt64(sum.limbs[index])
            if filled >= 64 {
                isSticky = isSticky || limb != 0
            } else if filled <= 32 {
                window |= limb << UInt64(32 - filled)
                filled += 32
            } else {
                window |= limb >> UInt64(filled - 32)
                isSticky = isSticky || limb << UInt64(96 - filled) != 0
                filled = 64
            }
        }
        let power = 32 * top + width - 1 - 1074 - exponent
        return ExactSum.rounded(window, isSticky: isSticky, power: power, isNegative: isNegative)
    }

    /// `window` has its highest bit set, which is worth 2^power.
    private static func rounded(
        _ window: UInt64, isSticky: Bool, power: Int, isNegative: Bool
    ) -> Double {
        let dropped = 11 + max(0, -1022 - power)
        if dropped > 64 || power > 1023 {
            return signed(power > 1023 ? .infinity : 0, isNegative: isNegative)
        }
        var kept = dropped == 64 ? 0 : window >> UInt64(dropped)
        let half: UInt64 = 1 << UInt64(dropped - 1)
        let rest = dropped == 64 ? window : window & (half << 1 &- 1)
        if rest > half || (rest == half && (isSticky || kept & 1 == 1)) { kept += 1 }
        let unit = Double(sign: .plus, exponent: max(power - 52, -1074), significand: 1)
        return signed(Double(kept) * unit, isNegative: isNegative)
    }

    private static func signed(_ value: Double, isNegative: Bool) -> Double {
        isNegative ? -value : value
    }
}
