/// Numbers the names of a listing that is read again and again, such as the fields of a file or the
/// mounts: 0, 1, 2 ... as they are first met. The kernel rarely changes the order, so a look-up first
/// compares with the name that followed last time; that compares bytes and allocates nothing.
package struct NameOrder: Sendable {
    private var names: [[UInt8]] = []
    private var numbers: [[UInt8]: Int] = [:]
    // Up to `next` the numbers in the order of this listing, then those of the last one.
    private var order: [Int] = []
    private var next = 0

    package init() {}

    /// Names that have been added.
    package var count: Int { names.count }

    /// Begins a listing: the name that was first last time is expected.
    package mutating func begin() {
        next = 0
    }

    /// The number of the listing's next name; nil if it has not been added.
    package mutating func find(_ name: Span<UInt8>) -> Int? {
        if next < order.count, name.equals(names[order[next]]) {
            next += 1
            return order[next - 1]
        }
        guard let number = numbers[name.copied] else { return nil }
        follow(with: number)
        return number
    }

    /// Adds the listing's next name, which `find` has not found. Returns its number.
    package mutating func append(_ name: Span<UInt8>) -> Int {
        let number = names.count
        let bytes = name.copied
        names.append(bytes)
        numbers[bytes] = number
        follow(with: number)
        return number
    }

    /// Whether many more names are known than the listing that now ends had. `removeAll` then frees
    /// those that no longer occur.
    package var isMostlyStale: Bool { names.count > 2 * next + 64 }

    package mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        order.removeAll(keepingCapacity: true)
        next = 0
    }

    /// The order has changed from here on.
    private mutating func follow(with number: Int) {
        order.removeSubrange(min(next, order.count)...)
        order.append(number)
        next = order.count
    }
}
