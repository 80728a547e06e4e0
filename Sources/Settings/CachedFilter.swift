internal import Kernel

/// A filter that caches its results: while the kernel lists the same names in the same order, no
/// pattern is matched again.
package struct CachedFilter: ~Copyable {
    private let filter: Filter
    private var names: [[UInt8]] = []
    private var verdicts: [Bool] = []
    private var next = 0

    package init(_ filter: Filter) {
        self.filter = filter
    }

    /// Starts a listing.
    package mutating func begin() {
        next = 0
    }

    /// Whether the next name of the listing matches.
    package mutating func matches(_ name: Span<UInt8>) -> Bool {
        if filter.isOpen { return true }
        if next < names.count, name.equals(names[next]) {
            next += 1
            return verdicts[next - 1]
        }
        names.removeSubrange(next...)
        verdicts.removeSubrange(next...)
        let outcome = filter.matches(name)
        names.append(name.copied)
        verdicts.append(outcome)
        next += 1
        return outcome
    }
}
