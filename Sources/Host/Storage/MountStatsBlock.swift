internal import Kernel

/// The line before a mount's statistics: `device server:/export mounted on /mnt with fstype nfs4
/// statvers=1.1`.
struct MountHead: ~Escapable {
    let device: Span<UInt8>
    let point: Span<UInt8>
    let hasStatistics: Bool

    /// Nil if the line has another form.
    @_lifetime(copy line)
    init?(_ line: Cursor) {
        var words = line
        guard let first = words.word(), first.equals("device"), let device = words.word(),
            let mounted = words.word(), mounted.equals("mounted"), let on = words.word(),
            on.equals("on"), let point = words.word(), let with = words.word(),
            with.equals("with"), let kind = words.word(), kind.equals("fstype"),
            let type = words.word()
        else { return nil }
        self.device = device
        self.point = point
        hasStatistics =
            (type.equals("nfs") || type.equals("nfs4")) && words.word()?.isEmpty == false
    }
}

/// The statistics of one NFS mount (fs/nfs/super.c, net/sunrpc/stats.c), read up to the empty line
/// or the next mount.
struct MountStatsBlock {
    /// A transport or an operation.
    struct Part {
        let name: String
        let values: [UInt64]
    }

    /// By column of `MountNames.device`; nil where the line was missing or damaged.
    private(set) var values: [UInt64?] = []
    private(set) var transports: [Part] = []
    private(set) var operations: [Part] = []

    /// Returns the lines that could not be used.
    mutating func read(_ lines: inout Cursor) -> Int {
        values = [UInt64?](repeating: nil, count: MountNames.device.count)
        (transports, operations) = ([], [])
        var skipped = 0
        var isPerOperation = false
        while !lines.rest.starts(with: "device "), var line = lines.line() {
            guard let word = line.word() else { break }
            if isPerOperation {
                if !takeOperation(word, line: &line) { skipped += 1 }
            } else if word.equals("per-op") {
                isPerOperation = true
            } else if word.equals("age:") {
                if !takeAge(&line) { skipped += 1 }
            } else if word.equals("bytes:") {
                if !take(&line, slots: MountNames.bytePlaces, from: 1) { skipped += 1 }
            } else if word.equals("events:") {
                if !take(&line, slots: MountNames.eventPlaces, from: 9) { skipped += 1 }
            } else if word.equals("xprt:") {
                if !takeTransport(&line) { skipped += 1 }
            }
        }
        return skipped
    }

    private mutating func takeAge(_ line: inout Cursor) -> Bool {
        guard let age = line.field() else { return false }
        values[0] = age
        return true
    }

    /// Stores the numbers of a line in the columns from `first` on; `slots` selects those that are shown.
    private mutating func take(_ line: inout Cursor, slots: [Int], from first: Int) -> Bool {
        let numbers = MountStatsBlock.numbers(&line)
        guard let numbers, let last = slots.last, numbers.count > last else { return false }
        for (column, place) in slots.enumerated() { values[first + column] = numbers[place] }
        return true
    }

    private mutating func takeTransport(_ line: inout Cursor) -> Bool {
        guard let name = line.word(), var numbers = MountStatsBlock.numbers(&line) else {
            return false
        }
        let shown = name.string
        // Statistics of version 1.0 end after the backlog.
        switch shown {
        case "tcp", "tcp6", "local":
            guard numbers.count >= 10 else { return false }
        case "udp", "udp6":
            guard numbers.count >= 7 else { return false }
            // UDP has no connections, so their three values are missing.
            numbers.insert(contentsOf: [0, 0, 0], at: 2)
        case "rdma", "rdma6":
            guard numbers.count >= 20 else { return false }
            numbers.removeSubrange(10...)
        default: return false
        }
        numbers += [0, 0, 0]
        transports.append(Part(name: shown, values: numbers))
        return true
    }

    private mutating func takeOperation(_ word: Span<UInt8>, line: inout Cursor) -> Bool {
        guard let colon = word.lastOffset(of: 0x3A), colon == word.count - 1,
            let numbers = MountStatsBlock.numbers(&line), numbers.count >= 8
        else { return false }
        let name = word.extracting(first: colon).string
        operations.append(Part(name: name, values: numbers))
        return true
    }

    private static func numbers(_ line: inout Cursor) -> [UInt64]? {
        var numbers: [UInt64] = []
        while let number = line.field() { numbers.append(number) }
        line.skipBlanks()
        return line.isAtEnd ? numbers : nil
    }
}
