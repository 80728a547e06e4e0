internal import Exposition
internal import Kernel

/// Space and commits of mounted Btrfs file systems (/sys/fs/btrfs, fs/btrfs/sysfs.c).
struct Btrfs: Collector, ~Copyable {
    static var name: String { "btrfs" }

    private typealias Labels = [(name: String, value: String)]

    /// One file system's commits.
    private final class Commits {
        let identifier: String
        let attribute: Attribute

        init(_ identifier: String, attribute: Attribute) {
            self.identifier = identifier
            self.attribute = attribute
        }
    }

    /// One device's error counters.
    private final class Errors {
        let labels: Labels
        let key: [UInt8]
        let attribute: Attribute

        init(_ labels: Labels, attribute: Attribute) {
            self.labels = labels
            key = Array(labels.map(\.value).joined(separator: "\0").utf8)
            self.attribute = attribute
        }
    }

    /// The keys of error_stats, which are also the values of the label `type`, without `_errs`.
    private static let errorTypes = ["write", "read", "flush", "corruption", "generation"]

    /// Keys of commit_stats; times are milliseconds.
    private static let keys = ["commits", "last_commit_ms", "max_commit_ms", "total_commit_ms"]

    private var directory: DeviceDirectory
    private var info = AttributeInfo(
        Family("node_btrfs_info", kind: .gauge, help: "Filesystem information"))
    private var readings = AttributeFamilies()
    private var ratios: [(series: Series, ratio: Double)] = []
    private var commits: [Commits] = []
    private var errors: [Errors] = []
    private var errorTable: SeriesTable
    private let errorKeys = Btrfs.errorTypes.map { Array("\($0)_errs".utf8) }
    private let keys = Btrfs.keys.map { Array($0.utf8) }
    private let ratioFamily = Family(
        "node_btrfs_allocation_ratio", kind: .gauge,
        help: "Data allocation ratio for a layout/data type")
    private var table = SeriesTable([
        .init(
            Family(
                "node_btrfs_commits_total", kind: .counter,
                help: "The total number of commits that have occurred.")),
        .init(
            Family(
                "node_btrfs_last_commit_seconds", kind: .gauge,
                help: "Duration of the most recent commit, in seconds.")),
        .init(
            Family(
                "node_btrfs_max_commit_seconds", kind: .gauge,
                help: "Duration of the slowest commit, in seconds.")),
        .init(
            Family(
                "node_btrfs_commit_seconds_total", kind: .counter,
                help: "Sum of the duration of all commits, in seconds.")),
    ])

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "fs/btrfs", isAnnounced: false)
        let family = Family(
            "node_btrfs_device_errors_total", kind: .counter,
            help: "Errors reported for the device")
        errorTable = SeriesTable(
            Btrfs.errorTypes.map { SeriesTable.Column(family, labels: [("type", $0)]) })
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if info.write(&scrape, to: &page) { directory.lookSoon() }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
        if !ratios.isEmpty {
            page.begin(ratioFamily)
            for (series, ratio) in ratios { page.sample(series, value: ratio) }
        }
        collectCommits(&scrape)
        table.write(to: &page)
        collectErrors(&scrape)
        errorTable.write(to: &page)
    }

    private mutating func find(_ names: [String]) {
        readings.begin()
        info.begin()
        (ratios, commits, errors) = ([], [], [])
        // Beside the file systems there is a folder `features`.
        for name in names where name.contains("-") {
            let folder = "\(directory.path)/\(name)"
            let text = try? directory.root.attribute("\(folder)/metadata_uuid")
            let own = text.map { $0.span.string } ?? ""
            let labels = [("uuid", own.isEmpty ? name : own)]
            info.add(
                labels, attributes: [("label", Attribute(directory.root, name: "\(folder)/label"))])
            let devices = ((try? directory.root.names(in: "\(folder)/devices")) ?? []).sorted()
            for device in devices {
                // Sectors are 512 bytes whatever the device's own block size is.
                add(
                    "\(folder)/devices/\(device)/size", name: "device_size_bytes",
                    labels: labels + [("device", device)], scale: .times(512),
                    help: "Size of a device that is part of the filesystem.")
            }
            add(
                "\(folder)/allocation/global_rsv_size", name: "global_rsv_size_bytes",
                labels: labels,
                help: "Size of global reserve.")
            let members = findMembers(folder, labels: labels)
            for type in ["data", "metadata", "system"] {
                // A missing device has no entry in `devices` and is a member all the same.
                findLayouts(
                    "\(folder)/allocation/\(type)", labels: labels + [("block_group_type", type)],
                    devices: max(devices.count, members))
            }
            if directory.root.exists("\(folder)/commit_stats") {
                commits.append(
                    Commits(
                        labels[0].1,
                        attribute: Attribute(directory.root, name: "\(folder)/commit_stats")))
            }
        }
        readings.end()
    }

    /// Finds the devices of a file system by their IDs (`devinfo`, Linux 5.10), which no file of sysfs
    /// ties to the names in `devices`. Returns how many there are.
    private mutating func findMembers(_ folder: String, labels: Labels) -> Int {
        let numbers = ((try? directory.root.names(in: "\(folder)/devinfo")) ?? [])
            .compactMap { UInt64($0) }.sorted()
        for number in numbers {
            let labels = labels + [("devid", String(number))]
            let member = "\(folder)/devinfo/\(number)"
            add(
                "\(member)/missing", name: "device_missing", labels: labels,
                help: "Whether a device of the filesystem is missing.")
            // Linux 5.14 added the counters.
            if directory.root.exists("\(member)/error_stats") {
                errors.append(
                    Errors(
                        labels,
                        attribute: Attribute(directory.root, name: "\(member)/error_stats")))
            }
        }
        // ID 0 is the target of a replacement that is under way, which is no member yet.
        return numbers.count { $0 != 0 }
    }

    private mutating func findLayouts(_ folder: String, labels: Labels, devices: Int) {
        add(
            "\(folder)/bytes_reserved", name: "reserved_bytes", labels: labels,
            help: "Amount of space reserved for a data type")
        for layout in ((try? directory.root.names(in: folder)) ?? []).sorted() {
            guard directory.root.isDirectory("\(folder)/\(layout)") else { continue }
            let labels = labels + [("mode", layout)]
            add(
                "\(folder)/\(layout)/used_bytes", name: "used_bytes", labels: labels,
                help: "Amount of used space by a layout/data type")
            add(
                "\(folder)/\(layout)/total_bytes", name: "size_bytes", labels: labels,
                help: "Amount of space allocated for a layout/data type")
            ratios.append(
                (
                    Series(ratioFamily, labels: LabelSet(labels)),
                    Btrfs.ratio(layout, devices: devices)
                ))
        }
    }

    private mutating func add(
        _ file: String, name: String, labels: Labels,
        scale: AttributeFamilies.Scale = .times(1), help: String
    ) {
        readings.add(
            AttributeRow(file, family: "node_btrfs_\(name)", help: help, scale: scale),
            file: file, of: directory.root, labels: LabelSet(labels))
    }

    /// Bytes on devices per byte of data.
    static func ratio(_ layout: String, devices: Int) -> Double {
        switch layout {
        case "single", "raid0": 1
        case "dup", "raid1", "raid10": 2
        case "raid1c3": 3
        case "raid1c4": 4
        case "raid5" where devices > 1: Double(devices) / Double(devices - 1)
        case "raid6" where devices > 2: Double(devices) / Double(devices - 2)
        default: 0
        }
    }

    private mutating func collectCommits(_ scrape: inout CollectionContext) {
        table.begin()
        for filesystem in commits {
            guard filesystem.attribute.read(&scrape) else {
                if filesystem.attribute.isGone { directory.lookSoon() }
                continue
            }
            guard
                let row = table.row(
                    filesystem.identifier.utf8Span.span,
                    labels: { [("uuid", filesystem.identifier)] })
            else { continue }
            scrape.skippedLines += parse(scrape.text.bytes, row: row)
        }
        table.end()
    }

    private mutating func collectErrors(_ scrape: inout CollectionContext) {
        errorTable.begin()
        for device in errors {
            guard device.attribute.read(&scrape) else {
                if device.attribute.isGone { directory.lookSoon() }
                continue
            }
            // The kernel has not read the counters of a device that was missing at mount time.
            if scrape.text.bytes.trimmed.equals("invalid") { continue }
            let key = device.key
            guard let row = errorTable.row(key.span, labels: { device.labels }) else {
                continue
            }
            scrape.skippedLines += parseErrors(scrape.text.bytes, row: row)
        }
        errorTable.end()
    }

    /// error_stats: `write_errs 0` and so on. Returns the number of lines that could not be used.
    private mutating func parseErrors(_ text: Span<UInt8>, row: Int) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let key = line.word(), let value = line.field() else {
                skipped += 1
                continue
            }
            for column in errorKeys.indices where key.equals(errorKeys[column]) {
                errorTable[row, column] = Double(value)
            }
        }
        return skipped
    }

    /// Returns the number of lines that could not be used; unknown keys are ignored.
    private mutating func parse(_ text: Span<UInt8>, row: Int) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let key = line.word(), let value = line.field() else {
                skipped += 1
                continue
            }
            for column in keys.indices where key.equals(keys[column]) {
                table[row, column] = column == 0 ? Double(value) : Double(value) / 1000
            }
        }
        return skipped
    }
}
