internal import Kernel

/// One array of /proc/mdstat (md(4), drivers/md/md.c).
struct MDStat {
    /// The states that node_exporter has; an array that is reshaped is in none of them.
    enum Activity {
        case active, inactive, recovering, resync, check, other
    }

    private(set) var activity = Activity.other
    private(set) var activeDisks: UInt64 = 0
    private(set) var requiredDisks: UInt64 = 0
    private(set) var failedDisks: UInt64 = 0
    private(set) var spareDisks: UInt64 = 0
    private(set) var blocks: UInt64 = 0
    /// Nil when the kernel reports a synchronisation without its progress.
    private(set) var syncedBlocks: UInt64?
    /// In arrays without redundancy each disk is needed.
    private var isPlain = false
    private var components: UInt64 = 0
    private var hasBlocks = false

    /// Parses the rest of an array's line after its name: `active raid1 sdb1[1] sda1[0](F)`. Nil if
    /// the text does not have this form.
    init?(_ line: Cursor) {
        var words = line
        guard let state = words.word(), words.word() != nil || state.equals("inactive") else {
            return nil
        }
        activity = state.equals("active") ? .active : state.equals("inactive") ? .inactive : .other
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
        // A level without a disk count (`faulty`, or one that a later kernel adds) has no known
        // redundancy.
        if line.rest.offset(of: 0x5B) == nil {
            requiredDisks = components
            let unused = failedDisks + spareDisks
            activeDisks = components > unused ? components - unused : 0
            return true
        }
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
    /// `[=>...]  recovery = 8.5% (1662976/19530752) finish=2.7min speed=120000K/sec`, or
    /// `resync=PENDING`. Lines of another shape (`bitmap: ...`) are ignored. False when the line is
    /// about a synchronisation whose progress is not understood; the array's other values hold then.
    mutating func takeProgress(_ line: Cursor) -> Bool {
        var line = Cursor(line.rest.trimmed)
        if line.take("["), line.text(before: 0x5D) == nil { return true }
        line.skipBlanks()
        guard let action = line.text(before: 0x3D)?.trimmed, MDStat.isWord(action) else {
            return true
        }
        if let now = MDStat.activity(action) { activity = now }
        let state = line.rest.trimmed
        if state.equals("PENDING") || state.equals("DELAYED") {
            syncedBlocks = 0
            return true
        }
        syncedBlocks = nil
        // Another node of a cluster synchronises the array and knows how far it is.
        if state.equals("REMOTE") { return true }
        while line.text(before: 0x28) != nil {
            var numbers = line
            guard let done = numbers.number(), numbers.take("/"), numbers.number() != nil,
                numbers.take(")")
            else { continue }
            syncedBlocks = done
            return true
        }
        return false
    }

    /// Nil for an action that later kernels may add; the array is then as active as its first line
    /// says.
    private static func activity(_ action: Span<UInt8>) -> Activity? {
        if action.starts(with: "recover") { return .recovering }
        if action.equals("reshape") { return .other }
        if action.equals("check") { return .check }
        // A repair is a resynchronisation that an administrator has started.
        if action.equals("resync") || action.equals("repair") { return .resync }
        return nil
    }

    private static func isWord(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where text[index] | 0x20 < 0x61 || text[index] | 0x20 > 0x7A {
            return false
        }
        return !text.isEmpty
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
