internal import Groups
internal import Intake
internal import Kernel

/// How much memory pushes may take, by what they take it for. Under a memory limit of the control group
/// each is a quarter of the limit at most, parsers an eighth, so that the process stays below it.
struct MemoryBudgets: Sendable, Equatable {
    /// Bodies, what is inflated and decoded of them, and what waits for the journal.
    var bodies = 64 << 20
    /// Parsers.
    var decoding = EventIngestor.decodingBytes
    /// `GroupLimits.bytes`, unless a flag or the settings file says otherwise.
    var groups = GroupLimits().bytes

    /// `limit` is that of the control group in bytes; nil for none.
    init(limit: UInt64?) {
        guard let limit else { return }
        let quarter = Int(clamping: limit / 4)
        bodies = max(1, min(bodies, quarter))
        decoding = max(1, min(decoding, quarter / 2))
        groups = max(1, min(groups, quarter))
    }

    static let ofMachine = MemoryBudgets(limit: MemoryLimit.bytes())
}
