import Exposition
import Kernel

@testable import Groups

/// A moment so many seconds after the first of a test; `start` is that of the monotonic clock, as after
/// another boot.
func moment(_ seconds: Double, start: Double = 1) -> Timestamp {
    Timestamp(
        unixSeconds: 1_700_000_000 + seconds,
        monotonicNanoseconds: UInt64((start + seconds) * 1e9))
}

extension GroupStore {
    /// The page of the groups alone.
    var page: String {
        var page = Page(format: .text, body: Buffer(capacity: 64))
        page.merge([FamilySource(families, hasUniqueSeries: true)])
        page.finish()
        return page.bytes.string
    }
}
