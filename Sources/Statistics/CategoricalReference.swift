internal import CText

/// A categorical reference made ready for counting.
package final class CategoricalReference: Sendable {
    /// What a category is to the reference.
    package enum Place: Equatable, Sendable {
        /// It has this bin.
        case named(Int)
        case other
        case unseen
    }

    package let summary: CategoricalSummary
    private let names: [[UInt8]]
    /// Categories that have a bin; `other` has the bin behind them.
    package let namedCount: Int
    /// Places in `names` by hash.
    private let known: [UInt64: Int]
    private let hashes: Set<UInt64>?

    package init(_ summary: CategoricalSummary) {
        self.summary = summary
        names = summary.categories.map { Array($0.value.utf8) }
        namedCount = summary.named.count
        var known: [UInt64: Int] = [:]
        for (index, name) in names.enumerated() {
            known[CategoricalReference.hash(name.span)] = index
        }
        self.known = known
        hashes = summary.hashes.map { Set($0) }
    }

    /// XXH3-64 of a category's UTF-8.
    package static func hash(_ text: Span<UInt8>) -> UInt64 {
        unsafe text.withUnsafeBufferPointer { bytes in
            unsafe ctext_hash64(bytes.baseAddress, bytes.count)
        }
    }

    /// Whether unseen categories are counted apart from the others.
    package var knowsUnseen: Bool { hashes != nil }

    /// Bins: the named categories, other, unseen; other and unseen are one without hashes.
    package var binCount: Int { namedCount + (hashes == nil ? 1 : 2) }

    /// The bin of a category. Without hashes, categories without a bin are `other`.
    package func place(of text: Span<UInt8>) -> Place {
        place(of: text, hash: CategoricalReference.hash(text))
    }

    /// As `place(of:)`, of a text whose `hash` is known.
    package func place(of text: Span<UInt8>, hash: UInt64) -> Place {
        if let index = known[hash], isName(index, of: text) {
            return index < namedCount ? .named(index) : .other
        }
        guard let hashes else { return .other }
        return hashes.contains(hash) ? .other : .unseen
    }

    private func isName(_ index: Int, of text: Span<UInt8>) -> Bool {
        if names[index].count != text.count { return false }
        for at in 0..<text.count where names[index][at] != text[at] { return false }
        return true
    }

    /// Scores over the bins.
    package func scores(_ counts: CategoricalCounts, designEffect: Double = 1) -> BinScores {
        BinScores(
            reference: summary.binCounts.map(Double.init), current: counts.bins.map { Double($0) },
            designEffect: designEffect)
    }
}

/// What is counted of the categories of a window against a reference. Counts add up.
package struct CategoricalCounts: Equatable, Sendable {
    /// Rows per bin of the reference.
    package var bins: [UInt64]
    package var missing: UInt64 = 0
    /// Rows of categories that the reference does not contain; 0 where its hashes are not known.
    package var unseen: UInt64 = 0

    package init(_ reference: CategoricalReference) {
        bins = [UInt64](repeating: 0, count: reference.binCount)
    }

    /// Rows with a value.
    package var valueCount: UInt64 { bins.reduce(0, +) }
    package var rows: UInt64 { valueCount + missing }

    /// Counts a category and returns its bin.
    @discardableResult
    package mutating func add(
        _ text: Span<UInt8>, to reference: CategoricalReference
    ) -> CategoricalReference.Place {
        let place = reference.place(of: text)
        switch place {
        case .named(let bin): bins[bin] &+= 1
        case .other: bins[reference.namedCount] &+= 1
        case .unseen:
            bins[bins.count - 1] &+= 1
            unseen &+= 1
        }
        return place
    }

    /// Adds the counts of another window of the same reference.
    package mutating func merge(_ other: CategoricalCounts) {
        precondition(bins.count == other.bins.count)
        for index in bins.indices { bins[index] += other.bins[index] }
        missing += other.missing
        unseen += other.unseen
    }
}
