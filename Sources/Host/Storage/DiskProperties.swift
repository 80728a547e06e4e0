internal import Exposition
internal import Kernel

/// What udev's database (udevadm(8)) and /sys/block say about a device: model, file system, device
/// mapper, ATA.
struct DiskProperties: ~Copyable {
    private let udev: Root
    private let sys: Root
    private var known: [[UInt8]: UdevRecord] = [:]
    private var info = SeriesTable([
        .init(Family("node_disk_info", .gauge, help: "Info of /sys/block/<block_device>."))
    ])
    private var filesystem = SeriesTable([
        .init(
            Family("node_disk_filesystem_info", .gauge, help: "Info about disk filesystem."))
    ])
    private var mapper = SeriesTable([
        .init(
            Family(
                "node_disk_device_mapper_info", .gauge, help: "Info about disk device mapper."))
    ])
    private var ata = SeriesTable([
        .init(Family("node_disk_ata_write_cache", .gauge, help: "ATA disk has a write cache.")),
        .init(
            Family(
                "node_disk_ata_write_cache_enabled", .gauge,
                help: "ATA disk has its write cache enabled.")),
        .init(
            Family(
                "node_disk_ata_rotation_rate_rpm", .gauge,
                help: "ATA disk rotation rate in RPMs (0 for SSDs).")),
    ])

    init(_ roots: Roots) {
        udev = roots.udev
        sys = roots.sys
    }

    mutating func begin() {
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
        if known.count > 2 * info.rowCount + 16 { known.removeAll() }
    }

    func write(to page: inout Page) {
        info.write(to: &page)
        filesystem.write(to: &page)
        mapper.write(to: &page)
        ata.write(to: &page)
    }

    /// Shows a device. Its record is read again when udev has written it anew.
    mutating func show(_ device: Span<UInt8>, major: UInt64, minor: UInt64) {
        let name = device.copied
        let path = udev.path(of: "b\(major):\(minor)")
        let stamp = FileStamp(path)
        let record: UdevRecord
        if let old = known[name], old.stamp == stamp, old.major == major, old.minor == minor {
            record = old
        } else {
            record = UdevRecord(
                udev: udev, sys: sys, device: device.string, major: major, minor: minor, stamp)
            known[name] = record
        }
        DiskProperties.set(&info, record.info, 1)
        if let labels = record.filesystem { DiskProperties.set(&filesystem, labels, 1) }
        if let labels = record.mapper { DiskProperties.set(&mapper, labels, 1) }
        if record.ata.contains(where: { $0 != nil }),
            let row = ata.row(device, labels: { [("device", record.device)] })
        {
            for (column, value) in record.ata.enumerated() {
                if let value { ata[row, column] = value }
            }
        }
    }

    private static func set(
        _ table: inout SeriesTable, _ row: UdevRecord.Row, _ value: Double
    ) {
        if let place = table.row(row.key.span, labels: { row.labels }) { table[place, 0] = value }
    }
}
