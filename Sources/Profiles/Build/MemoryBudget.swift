/// The bytes that all columns of a build may hold together.
final class MemoryBudget {
    let limit: Int
    private(set) var used = 0

    init(limit: Int) {
        self.limit = limit
    }

    var isExceeded: Bool { used > limit }
    /// Bytes that are left, some in any case.
    var left: Int { max(limit - used, min(limit, 1 << 16)) }

    func take(_ bytes: Int) { used += bytes }
    func release(_ bytes: Int) { used -= bytes }
}
