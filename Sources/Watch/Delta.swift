internal import Kernel
internal import Observation
package import Wire

/// What the rows of one scope of a push add to the counts of a version: the words that are not empty. It
/// says how often each bin occurs, and no value but the extremes.
package struct ScopeDelta: Sendable {
    /// A word of the layout and what is combined with it.
    struct Word: Sendable, Equatable {
        let index: UInt32
        let bits: UInt64
    }

    /// A register of a categorical column that rose.
    struct Register: Sendable, Equatable {
        let index: UInt32
        let rank: UInt8
    }

    /// An unseen category, which stays in memory.
    struct UnseenName: Sendable {
        let column: Int
        let name: [UInt8]
        var count: UInt64
    }

    let layout: Layout
    /// Index in `Batch.scopes`.
    let scope: Int
    /// Whether it is counted in windows, beside the totals; false beyond `watch_bytes`.
    var hasWindows = true
    /// In ascending order of the index.
    var words: [Word] = []
    var registers: [Register] = []
    var unseen: [UnseenName] = []

    init(_ layout: Layout, scope: Int) {
        self.layout = layout
        self.scope = scope
    }

    // MARK: Records

    func write(to record: inout ByteWriter) {
        record.write(count: scope)
        record.write(layout.number)
        record.write(hasWindows)
        record.write(count: words.count)
        var next: UInt32 = 0
        for word in words {
            record.write(UInt64(word.index - next))
            next = word.index + 1
            if layout.kinds[Int(word.index)] == .count {
                record.write(word.bits)
            } else {
                record.write(Double(bitPattern: word.bits))
            }
        }
        record.write(count: registers.count)
        next = 0
        for register in registers {
            record.write(UInt64(register.index - next))
            next = register.index + 1
            record.write(UInt64(register.rank))
        }
    }

    /// Reads what `write` wrote; `layout` is the one in force for a scope. Nil if the record is damaged or
    /// about another profile.
    init?(
        _ record: inout ByteReader, scopes: Int, layout: (Int) -> Layout?
    ) {
        let scope = record.number(below: scopes)
        let number = record.number()
        let hasWindows = record.flag()
        guard !record.isDamaged, let layout = layout(scope), layout.number == number else {
            record.damage()
            return nil
        }
        self.init(layout, scope: scope)
        self.hasWindows = hasWindows
        var next = 0
        for _ in 0..<record.count() {
            let index = next + record.number(below: layout.wordCount - next)
            if record.isDamaged { return nil }
            next = index + 1
            let isCount = layout.kinds[index] == .count
            let bits = isCount ? record.number() : record.double().bitPattern
            if isCount ? bits > Tally.largestCount : !Double(bitPattern: bits).isFinite {
                record.damage()
            }
            words.append(Word(index: UInt32(index), bits: bits))
        }
        next = 0
        for _ in 0..<record.count() {
            let index = next + record.number(below: layout.registerCount - next)
            if record.isDamaged { return nil }
            next = index + 1
            let rank = record.number(below: Int(DistinctRank.largest) + 1)
            registers.append(Register(index: UInt32(index), rank: UInt8(rank)))
        }
        if record.isDamaged { return nil }
    }
}

/// The deltas of a push.
package struct WatchDeltas: Sendable {
    /// `WatchStore.generation` when they were made.
    var generation: UInt64 = 0
    /// In ascending order of the scope.
    var scopes: [ScopeDelta] = []

    package init() {}

    package var isEmpty: Bool { scopes.isEmpty }

    package func write(to record: inout ByteWriter) {
        record.write(count: scopes.count)
        for scope in scopes { scope.write(to: &record) }
    }
}
