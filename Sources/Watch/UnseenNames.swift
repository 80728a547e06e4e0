/// The commonest unseen categories of a column, in memory only: Space-Saving (Metwally et al., 2005). When
/// it is full, a new name takes the place and the count of the rarest, so that counts are upper bounds.
struct UnseenNames: Sendable {
    private static let limit = 64
    private var counts: [[UInt8]: UInt64] = [:]

    mutating func add(_ name: [UInt8], count: UInt64) {
        if let known = counts[name] {
            counts[name] = known &+ count
            return
        }
        var before: UInt64 = 0
        if counts.count >= UnseenNames.limit,
            let rarest = counts.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
        {
            before = rarest.value
            counts[rarest.key] = nil
        }
        counts[name] = before &+ count
    }

    var all: [[UInt8]: Int] { counts.mapValues { Int(clamping: $0) } }
}

/// Bytes in their order.
private func < (one: (UInt64, [UInt8]), other: (UInt64, [UInt8])) -> Bool {
    one.0 != other.0 ? one.0 < other.0 : one.1.lexicographicallyPrecedes(other.1)
}
