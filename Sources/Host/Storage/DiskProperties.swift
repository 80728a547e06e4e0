internal import Exposition
internal import Kernel

/// What udev's database (udevadm(8)) and /sys/block say about a device: model, file system, device
/// mapper, ATA.
struct DiskProperties: ~Copyable {
    private let udev: Root
    private let sys: Root
    // In the kernel's order; the next device is guessed to be the next record.
    private var records: [(name: [UInt8], record: UdevProperties)] = []
    private var next = 0
    // udev replaces a record by renaming a new one over it, which changes the directory.
    private var key: FileStamp?
    private var info = SeriesTable([
        .init(Family("node_disk_info", kind: .gauge, help: "Info of /sys/block/<block_device>."))
    ])
    private var filesystem = SeriesTable([
        .init(
            Family("node_disk_filesystem_info", kind: .gauge, help: "Info about disk filesystem."))
    ])
    private var mapper = SeriesTable([
        .init(
            Family(
                "node_disk_device_mapper_info", kind: .gauge, help: "Info about disk device mapper."
            ))
    ])
    private var ata = SeriesTable([
        .init(
            Family("node_disk_ata_write_cache", kind: .gauge, help: "ATA disk has a write cache.")),
        .init(
            Family(
                "node_disk_ata_write_cache_enabled", kind: .gauge,
                help: "ATA disk has its write cache enabled.")),
        .init(
            Family(
                "node_disk_ata_rotation_rate_rpm", kind: .gauge,
                help: "ATA disk rotation rate in RPMs (0 for SSDs).")),
    ])

    init(_ roots: FilesystemRoots) {
        udev = roots.udev
        sys = roots.sys
    }

    mutating func begin() {
        let now = FileStamp(udev.path)
        if now != key || now?.isSettled == false { records.removeAll() }
        key = now
        next = 0
        info.begin()
        filesystem.begin()
        mapper.begin()
        ata.begin()
    }

    mutating func end() {
        info.end()
        filesystem.end()
        mapper.end()
        ata.end()
        records.removeSubrange(next...)
    }

    func write(to page: inout Page) {
        info.write(to: &page)
        filesystem.write(to: &page)
        mapper.write(to: &page)
        ata.write(to: &page)
    }

    /// Shows a device.
    mutating func show(_ device: Span<UInt8>, major: UInt64, minor: UInt64) {
        let record = record(device, major: major, minor: minor)
        DiskProperties.set(&info, row: record.info, value: 1)
        if let labels = record.filesystem { DiskProperties.set(&filesystem, row: labels, value: 1) }
        if let labels = record.mapper { DiskProperties.set(&mapper, row: labels, value: 1) }
        if record.ata.contains(where: { $0 != nil }),
            let row = ata.row(device, labels: { [("device", record.device)] })
        {
            for (column, value) in record.ata.enumerated() {
                if let value { ata[row, column] = value }
            }
        }
    }

    private mutating func record(
        _ device: Span<UInt8>, major: UInt64, minor: UInt64
    ) -> UdevProperties {
        defer { next += 1 }
        if next < records.count, device.equals(records[next].name),
            records[next].record.major == major, records[next].record.minor == minor
        {
            return records[next].record
        }
        records.removeSubrange(next...)
        let record = UdevProperties(
            udev: udev, sys: sys, device: device.string, major: major, minor: minor)
        records.append((device.copied, record))
        return record
    }

    private static func set(
        _ table: inout SeriesTable, row: UdevProperties.Row, value: Double
    ) {
        if let place = table.row(row.key.span, labels: { row.labels }) { table[place, 0] = value }
    }
}
