internal import Groups
internal import Intake
internal import Kernel

/// How much memory clients may make the daemon take, by what for. Under a memory limit of the control group
/// each is a quarter of the limit at most, parsers an eighth, so that the process stays below it.
struct MemoryBudgets: Sendable, Equatable {
    /// Bodies, what is inflated and decoded of them, and what waits for the journal.
    var bodies = 64 << 20
    /// Parsers.
    var decoding = EventIngestor.decodingBytes
    /// Responses that clients have not read yet.
    var responses = 64 << 20
    /// `GroupLimits.bytes`, unless a flag or the settings file says otherwise.
    var groups = GroupLimits().bytes

    /// `limit` is that of the control group in bytes; nil for none.
    init(limit: UInt64?) {
        guard let limit else { return }
        let quarter = Int(clamping: limit / 4)
        bodies = max(1, min(bodies, quarter))
        decoding = max(1, min(decoding, quarter / 2))
        responses = max(1, min(responses, quarter))
        groups = max(1, min(groups, quarter))
    }

    static let ofMachine = MemoryBudgets(limit: MemoryLimit.bytes())
}
