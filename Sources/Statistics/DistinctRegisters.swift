internal import Glibc

/// Estimates how many different values occurred: HyperLogLog (Flajolet et al., 2007) with 1,024 registers,
/// whose standard error is about 3 %. The registers of windows and hosts are merged by their maximum.
package enum DistinctRegisters {
    package static let count = 1024
    private static let indexBits = 10
    /// The largest rank of the 54 bits that do not choose the register.
    package static let largestRank: UInt8 = 55

    /// The register of a value with this hash, and the rank that it gives the register.
    package static func place(of hash: UInt64) -> (register: Int, rank: UInt8) {
        let rest = hash << UInt64(indexBits)
        return (
            Int(hash >> UInt64(64 - indexBits)),
            rest == 0 ? largestRank : UInt8(rest.leadingZeroBitCount + 1)
        )
    }

    /// The estimate from the ranks of all registers, 0 where a register is empty.
    package static func estimate(_ ranks: Span<UInt8>) -> Double {
        precondition(ranks.count == count)
        var sum = 0.0
        var empty = 0
        for index in ranks.indices {
            sum += Double(sign: .plus, exponent: -Int(ranks[index]), significand: 1)
            if ranks[index] == 0 { empty += 1 }
        }
        let size = Double(count)
        let estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum
        // Few values leave registers empty, and how many is the better estimate.
        if estimate <= 2.5 * size, empty > 0 { return size * log(size / Double(empty)) }
        return estimate
    }
}
