/// Which of the last 1,024 sequence numbers of a producer's process have been seen.
struct SequenceWindow: Sendable, Equatable {
    static let size: UInt64 = 1024

    enum Seen: Equatable {
        /// Seen for the first time; `lost` numbers left the window without having been seen.
        case fresh(lost: UInt64)
        /// Seen before, or older than the window.
        case known
    }

    /// The highest number seen; 0 before the first.
    private(set) var highest: UInt64
    /// Numbers before it were used before the producer was known; they do not count as lost.
    private(set) var origin: UInt64
    /// The bit of number n is bit n mod 1,024.
    private(set) var words: [UInt64]

    init() {
        self.init(highest: 0, origin: 1, words: [UInt64](repeating: 0, count: 16))
    }

    /// As a snapshot holds it. `words` has 16 words.
    init(highest: UInt64, origin: UInt64, words: [UInt64]) {
        self.highest = highest
        self.origin = origin
        self.words = words
    }

    /// Marks a number, from 1, as seen.
    mutating func see(_ number: UInt64) -> Seen {
        if number <= highest {
            if highest - number >= SequenceWindow.size || isSeen(number) { return .known }
            mark(number)
            return .fresh(lost: 0)
        }
        if highest == 0, number > SequenceWindow.size { origin = number }
        let lost = advance(to: number)
        mark(number)
        return .fresh(lost: lost)
    }

    /// Makes a number unseen again: what it stood for has not been applied.
    mutating func forget(_ number: UInt64) {
        guard number <= highest, highest - number < SequenceWindow.size else { return }
        words[Int(number >> 6 & 15)] &= ~(1 << (number & 63))
    }

    private func isSeen(_ number: UInt64) -> Bool {
        words[Int(number >> 6 & 15)] & 1 << (number & 63) != 0
    }

    private mutating func mark(_ number: UInt64) {
        words[Int(number >> 6 & 15)] |= 1 << (number & 63)
    }

    /// Moves the window; returns how many numbers leave it unseen.
    private mutating func advance(to number: UInt64) -> UInt64 {
        let size = SequenceWindow.size
        let steps = number - highest
        var lost: UInt64 = 0
        // The numbers whose places are taken by new ones.
        let first = highest >= size ? highest - size + 1 : 1
        let last = number > size ? min(highest, number - size) : 0
        if first <= last {
            for leaving in first...last where !isSeen(leaving) && leaving >= origin { lost += 1 }
        }
        if steps >= size {
            for index in words.indices { words[index] = 0 }
            // Those that were never inside.
            let skipped = max(highest + 1, origin)
            if number - size >= skipped { lost += number - size - skipped + 1 }
        } else {
            for entering in highest + 1...number {
                words[Int(entering >> 6 & 15)] &= ~(1 << (entering & 63))
            }
        }
        highest = number
        return lost
    }
}
