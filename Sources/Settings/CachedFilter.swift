internal import Kernel

/// A filter that remembers: as long as the kernel lists the same names in the same order, no
/// pattern is matched again.
package struct CachedFilter: ~Copyable {
    private let filter: Filter
    private var names: [[UInt8]] = []
    private var verdicts: [Bool] = []
    private var next = 0

    package init(_ filter: Filter) {
        self.filter = filter
    }

    /// A listing begins.
    package mutating func begin() {
        next = 0
    }

    /// Whether the listing's next name passes.
    package mutating func admits(_ name: Span<UInt8>) -> Bool {
        if filter.isOpen { return true }
        if next < names.count, name.equals(names[next]) {
            next += 1
            return verdicts[next - 1]
        }
        names.removeSubrange(next...)
        verdicts.removeSubrange(next...)
        let outcome = filter.admits(name)
        names.append(name.copied)
        verdicts.append(outcome)
        next += 1
        return outcome
    }
}
