/// What is kept of a categorical reference.
package struct CategoricalSummary: Equatable, Sendable {
    /// A category and its rows.
    package struct Category: Equatable, Sendable {
        package var value: String
        package var count: Int

        package init(value: String, count: Int) {
            self.value = value
            self.count = count
        }
    }

    /// A category with fewer rows in the reference has no bin of its own: the commonest of many rare ones
    /// look commoner than they are.
    package static let namedRows = 10
    /// Hashes of categories that a profile keeps at most.
    package static let hashLimit = 10_000

    package var distinctCount: Int
    /// The commonest, by count descending, then by value in bytes.
    package var categories: [Category]
    /// Rows of categories that have no bin and occur more than once.
    package var otherCount: Int
    /// Categories that occur once. They are what the reference lacks of the world, counted by leaving one
    /// out: a further row would be unseen about as often (Good–Turing). With 0 in their place every feature
    /// of many values would drift by construction.
    package var onceCount: Int
    /// XXH3-64 of every category that is not in `categories`, ascending; nil when there are too many.
    package var hashes: [UInt64]?

    package init(
        distinctCount: Int, categories: [Category], otherCount: Int, onceCount: Int,
        hashes: [UInt64]?
    ) {
        self.distinctCount = distinctCount
        self.categories = categories
        self.otherCount = otherCount
        self.onceCount = onceCount
        self.hashes = hashes
    }

    /// The categories that have a bin.
    package var named: ArraySlice<Category> {
        categories.prefix { $0.count >= CategoricalSummary.namedRows }
    }

    /// Rows that are not missing.
    package var valueCount: Int { named.reduce(otherCount + onceCount) { $0 + $1.count } }

    /// Counts of the reference per bin: the named categories, other, unseen. Where the hashes are not known
    /// other and unseen are one bin.
    package var binCounts: [Int] {
        named.map(\.count) + (hashes == nil ? [otherCount + onceCount] : [otherCount, onceCount])
    }
}
