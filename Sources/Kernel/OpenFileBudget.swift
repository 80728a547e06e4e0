internal import Glibc
internal import Synchronization

/// How many files may stay open between scrapes: a quarter of the limit that the process was
/// started with (`RLIMIT_NOFILE`). Files beyond it are opened for each read.
final class OpenFileBudget: Sendable {
    private let limit: Int
    private let taken = Atomic<Int>(0)

    init() {
        var allowed = rlimit()
        let known = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed) == 0
        limit = known ? Int(clamping: allowed.rlim_cur / 4) : 256
    }

    /// Takes a place; false when none is left.
    func take() -> Bool {
        if taken.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        giveBack()
        return false
    }

    func giveBack() {
        taken.wrappingSubtract(1, ordering: .relaxed)
    }
}
