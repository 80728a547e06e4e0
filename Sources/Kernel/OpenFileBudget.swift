internal import Glibc
internal import Synchronization

/// Limits the files that stay open between scrapes to a quarter of the soft RLIMIT_NOFILE at the start;
/// the rest is left to connections and the journal. Files beyond it are opened for each read.
final class OpenFileBudget: Sendable {
    private let limit: Int
    private let taken = Atomic<Int>(0)

    init() {
        var allowed = rlimit()
        let known = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed) == 0
        limit = known ? Int(clamping: allowed.rlim_cur / 4) : 256
    }

    /// Counts one more open file; returns false, and does not count it, at the limit.
    func acquire() -> Bool {
        if taken.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        release()
        return false
    }

    func release() {
        taken.wrappingSubtract(1, ordering: .relaxed)
    }
}
