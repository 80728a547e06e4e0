internal import Kernel

/// A filter that caches its results: no pattern is matched again while the kernel lists the same names.
package struct CachedFilter: ~Copyable {
    private let filter: Filter
    private var names = NameOrder()
    private var verdicts: [Bool] = []

    package init(_ filter: Filter) {
        self.filter = filter
    }

    /// Starts a listing.
    package mutating func begin() {
        if names.isMostlyStale {
            names.removeAll()
            verdicts.removeAll(keepingCapacity: true)
        }
        names.begin()
    }

    /// Whether the next name of the listing matches.
    package mutating func matches(_ name: Span<UInt8>) -> Bool {
        if filter.isOpen { return true }
        if let known = names.find(name) { return verdicts[known] }
        let outcome = filter.matches(name)
        _ = names.append(name)
        verdicts.append(outcome)
        return outcome
    }
}
