internal import Exposition
internal import Kernel

/// Software RAID from /proc/mdstat and /sys/block/md*/md (Documentation/admin-guide/md.rst).
struct MDAdm: Collector, ~Copyable {
    static var name: String { "mdadm" }

    private final class Member {
        let device: String
        let disks: Attribute?
        let degraded: Attribute?

        init(_ device: String, disks: Attribute?, degraded: Attribute?) {
            self.device = device
            self.disks = disks
            self.degraded = degraded
        }
    }

    private var file: KernelFile
    private var directory: DeviceDirectory
    private var members: [Member] = []
    private var table: SeriesTable
    private var memberTable = SeriesTable([
        .init(Family("node_md_raid_disks", kind: .gauge, help: "Number of raid disks on device.")),
        .init(
            Family("node_md_degraded", kind: .gauge, help: "Number of degraded disks on device.")),
    ])

    init(_ machine: CollectorResources) {
        file = machine.roots.proc.file("mdstat", limit: 1 << 20)
        directory = DeviceDirectory(machine, path: "block")
        let state = Family(
            "node_md_state", kind: .gauge, help: "Indicates the state of md-device.")
        let disks = Family(
            "node_md_disks", kind: .gauge, help: "Number of active/failed/spare disks of device.")
        table = SeriesTable(
            ["active", "inactive", "recovering", "resync", "check"].map {
                SeriesTable.Column(state, labels: [("state", $0)])
            }
                + ["active", "failed", "spare"].map {
                    SeriesTable.Column(disks, labels: [("state", $0)])
                }
                + [
                    .init(
                        Family(
                            "node_md_disks_required", kind: .gauge,
                            help: "Total number of disks of device.")),
                    .init(
                        Family(
                            "node_md_blocks", kind: .gauge,
                            help: "Total number of blocks on device.")),
                    .init(
                        Family(
                            "node_md_blocks_synced", kind: .gauge,
                            help: "Number of blocks synced on device.")),
                ])
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(subject: &file)
        scrape.skippedLines += parse(scrape.text.bytes)
        table.write(to: &page)
        if let names = try? directory.look(&scrape) { find(names) }
        // A kernel without block devices has RAID all the same.
        scrape.isAbsent = false
        collectMembers(&scrape)
        memberTable.write(to: &page)
    }

    /// Returns the arrays and lines that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            // The lines of an array, which are indented, are taken with its first one.
            if line.rest.trimmed.isEmpty || line.rest.starts(with: " ")
                || line.rest.starts(with: "\t")
            {
                continue
            }
            if line.rest.starts(with: "Personalities") || line.rest.starts(with: "unused") {
                continue
            }
            guard let name = line.word(), let colon = line.word(), colon.equals(":"),
                var status = MDStat(line),
                MDAdm.takeLines(&lines, status: &status, skipped: &skipped),
                let row = table.row(name, labels: { [("device", name.string)] })
            else {
                skipped += 1
                continue
            }
            show(status, row: row)
        }
        table.end()
        return skipped
    }

    /// Takes the indented lines of an array. False when the line with its blocks is missing or not
    /// understood: nothing is known of the array then. Any other line that is not understood counts
    /// as skipped and costs only its own value.
    private static func takeLines(
        _ lines: inout Cursor, status: inout MDStat, skipped: inout Int
    ) -> Bool {
        while lines.rest.starts(with: " ") || lines.rest.starts(with: "\t"),
            let line = lines.line()
        {
            if !status.isComplete {
                if !status.takeBlocks(line) { return false }
            } else if !status.takeProgress(line) {
                skipped += 1
            }
        }
        return status.isComplete
    }

    private mutating func show(_ status: MDStat, row: Int) {
        let activities: [MDStat.Activity] = [.active, .inactive, .recovering, .resync, .check]
        for (column, activity) in activities.enumerated() {
            table[row, column] = status.activity == activity ? 1 : 0
        }
        let values = [
            status.activeDisks, status.failedDisks, status.spareDisks, status.requiredDisks,
            status.blocks, status.syncedBlocks,
        ]
        for (column, value) in values.enumerated() {
            if let value { table[row, 5 + column] = Double(value) }
        }
    }

    private mutating func find(_ names: [String]) {
        members = names.compactMap { name in
            let folder = "\(directory.path)/\(name)/md"
            guard name.hasPrefix("md"), let text = try? directory.root.attribute("\(folder)/level")
            else { return nil }
            let level = text.span.string
            // Containers hold no disks of their own; only some levels can be degraded.
            let hasDisks = !["container", "imsm", "ddf", ""].contains(level)
            let canDegrade = ["raid1", "raid4", "raid5", "raid6", "raid10"].contains(level)
            return Member(
                name,
                disks: hasDisks ? Attribute(directory.root, name: "\(folder)/raid_disks") : nil,
                degraded: canDegrade ? Attribute(directory.root, name: "\(folder)/degraded") : nil)
        }
    }

    private mutating func collectMembers(_ scrape: inout CollectionContext) {
        memberTable.begin()
        for member in members {
            guard
                let row = memberTable.row(
                    member.device.utf8Span.span, labels: { [("device", member.device)] })
            else { continue }
            if let disks = member.disks, disks.read(&scrape) {
                // While it grows: `11 (10)`.
                var text = Cursor(scrape.text.bytes.trimmed)
                if let count = text.field() {
                    memberTable[row, 0] = Double(count)
                } else if !text.isAtEnd {
                    scrape.skippedLines += 1
                }
            } else if member.disks?.isGone == true {
                directory.lookSoon()
            }
            if let degraded = member.degraded {
                if let count = degraded.unsigned(&scrape) { memberTable[row, 1] = Double(count) }
            } else {
                memberTable[row, 1] = 0
            }
        }
        memberTable.end()
    }
}
