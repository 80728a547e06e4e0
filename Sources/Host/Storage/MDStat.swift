internal import Kernel

/// One array of /proc/mdstat (md(4)): what its lines say.
struct MDStat {
    enum Activity {
        case active, inactive, recovering, resync, check
        /// Reshaping, or a word that later kernels may use.
        case other
    }

    private(set) var activity = Activity.other
    private(set) var activeDisks: UInt64 = 0
    private(set) var requiredDisks: UInt64 = 0
    private(set) var failedDisks: UInt64 = 0
    private(set) var spareDisks: UInt64 = 0
    private(set) var blocks: UInt64 = 0
    private(set) var syncedBlocks: UInt64 = 0
    /// In arrays without redundancy each disk is needed.
    private var isPlain = false
    private var hasBlocks = false

    /// Reads the line of the array behind its name: `active raid1 sdb1[1] sda1[0](F)`. Nil when it
    /// is none.
    init?(_ line: Cursor) {
        var words = line
        guard let state = words.word(), words.word() != nil || state.equals("inactive") else {
            return nil
        }
        activity = state.equals("active") ? .active : state.equals("inactive") ? .inactive : .other
        var components: UInt64 = 0
        var text = line.rest
        while let start = text.offset(of: 0x5B) {
            components += 1
            text = text.extracting(droppingFirst: start + 1)
        }
        failedDisks = MDStat.count("(F)", in: line.rest)
        spareDisks = MDStat.count("(S)", in: line.rest)
        isPlain =
            MDStat.count("raid0", in: line.rest) > 0
            || MDStat.count("linear", in: line.rest) > 0
        if isPlain { (activeDisks, requiredDisks) = (components, components) }
    }

    /// Reads the line under the array's: `5855165 blocks super 1.2 [3/2] [UU_]`. False when it is
    /// none.
    mutating func takeBlocks(_ line: Cursor) -> Bool {
        var line = line
        guard let count = line.field() else { return false }
        (blocks, syncedBlocks, hasBlocks) = (count, count, true)
        if isPlain || activity == .inactive { return true }
        // The last pair in brackets that the disks' states follow.
        var pair: (required: UInt64, active: UInt64)?
        while line.text(before: 0x5B) != nil {
            var numbers = line
            guard let required = numbers.number(), numbers.take("/"),
                let active = numbers.number(), numbers.take("] [")
            else { continue }
            pair = (required, active)
        }
        guard let pair else { return false }
        (requiredDisks, activeDisks) = (pair.required, pair.active)
        return true
    }

    /// Whether the line with the blocks has been read.
    var isComplete: Bool { hasBlocks }

    /// Reads a further line, which may be about a synchronisation:
    /// `[=>...]  recovery = 8.5% (1662976/19530752) finish=2.7min speed=120000K/sec`. False when it
    /// is one that makes no sense.
    mutating func takeProgress(_ line: Cursor) -> Bool {
        let text = line.rest
        if MDStat.count("bitmap", in: text) > 0 { return true }
        let now: Activity
        if MDStat.count("recovery", in: text) > 0 {
            now = .recovering
        } else if MDStat.count("reshape", in: text) > 0 {
            now = .other
        } else if MDStat.count("check", in: text) > 0 {
            now = .check
        } else if MDStat.count("resync", in: text) > 0 {
            now = .resync
        } else {
            return true
        }
        activity = now
        if MDStat.count("PENDING", in: text) > 0 || MDStat.count("DELAYED", in: text) > 0 {
            syncedBlocks = 0
            return true
        }
        var rest = line
        while rest.text(before: 0x28) != nil {
            var numbers = rest
            guard let done = numbers.number(), numbers.take("/"), numbers.number() != nil,
                numbers.take(")")
            else { continue }
            syncedBlocks = done
            return true
        }
        return false
    }

    private static func count(_ literal: StaticString, in text: Span<UInt8>) -> UInt64 {
        var found: UInt64 = 0
        var index = 0
        while index < text.count {
            if text.extracting(droppingFirst: index).starts(with: literal) {
                found += 1
                index += literal.utf8CodeUnitCount
            } else {
                index += 1
            }
        }
        return found
    }
}
