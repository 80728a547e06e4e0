internal import Statistics
internal import Wire

/// The largest rank of a register.
enum DistinctRank {
    static let largest = DistinctRegisters.largestRank
}

/// Counts of one stretch of time, or of all time, against a layout.
struct Tally: Sendable {
    private(set) var words: [UInt64]
    /// Empty if the layout has no categorical column, or nothing was counted.
    private(set) var registers: [UInt8] = []

    init(_ layout: Layout) {
        words = layout.empty
    }

    /// Adds a delta.
    mutating func add(_ delta: ScopeDelta) {
        for word in delta.words {
            let index = Int(word.index)
            words[index] = Tally.combine(
                words[index], with: word.bits, kind: delta.layout.kinds[index])
        }
        if delta.registers.isEmpty { return }
        if registers.isEmpty {
            registers = [UInt8](repeating: 0, count: delta.layout.registerCount)
        }
        for register in delta.registers {
            let index = Int(register.index)
            registers[index] = max(registers[index], register.rank)
        }
    }

    /// Adds the counts of another stretch of time.
    mutating func add(_ other: Tally, layout: Layout) {
        for index in words.indices {
            words[index] = Tally.combine(
                words[index], with: other.words[index], kind: layout.kinds[index])
        }
        if other.registers.isEmpty { return }
        if registers.isEmpty { return registers = other.registers }
        for index in registers.indices {
            registers[index] = max(registers[index], other.registers[index])
        }
    }

    /// Counts stay here: doubles hold them exactly, and sums over bins do not overflow.
    static let largestCount: UInt64 = 1 << 53

    @inline(__always)
    private static func combine(_ one: UInt64, with other: UInt64, kind: Layout.Kind) -> UInt64 {
        switch kind {
        case .count:
            let (sum, overflow) = one.addingReportingOverflow(other)
            return overflow ? largestCount : min(sum, largestCount)
        case .sum: return (Double(bitPattern: one) + Double(bitPattern: other)).bitPattern
        case .minimum:
            return min(Double(bitPattern: one), Double(bitPattern: other)).bitPattern
        case .maximum:
            return max(Double(bitPattern: one), Double(bitPattern: other)).bitPattern
        }
    }

    /// The number in a word that is not a count.
    @inline(__always)
    func double(_ index: Int) -> Double { Double(bitPattern: words[index]) }

    // MARK: Records

    /// Writes the words that are not empty.
    func write(to record: inout ByteWriter, layout: Layout) {
        let filled = words.indices.filter { words[$0] != layout.empty[$0] }
        record.write(count: filled.count)
        var next = 0
        for index in filled {
            record.write(count: index - next)
            next = index + 1
            if layout.kinds[index] == .count {
                record.write(words[index])
            } else {
                record.write(double(index))
            }
        }
        record.write(registers.span)
    }

    init(_ record: inout ByteReader, layout: Layout) {
        self.init(layout)
        var next = 0
        for _ in 0..<record.count() {
            let index = next + record.number(below: layout.wordCount - next)
            if record.isDamaged { return }
            next = index + 1
            if layout.kinds[index] == .count {
                words[index] = record.number()
                if words[index] > Tally.largestCount { record.damage() }
            } else {
                words[index] = record.double().bitPattern
                if !double(index).isFinite { record.damage() }
            }
        }
        let ranks = record.text()
        if ranks.isEmpty { return }
        if ranks.count != layout.registerCount {
            record.damage()
            return
        }
        registers = [UInt8](repeating: 0, count: ranks.count)
        for index in ranks.indices {
            if ranks[index] > DistinctRank.largest { record.damage() }
            registers[index] = ranks[index]
        }
    }
}

/// The counts of five minutes or of an hour.
struct SubWindow: Sendable {
    /// Which one: seconds of `PersistentClock` divided by the length.
    let number: Int64
    var tally: Tally
}
