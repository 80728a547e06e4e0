internal import Exposition
internal import Kernel

/// Block devices that several paths lead to (/sys/block/dm-*,
/// Documentation/ABI/testing/sysfs-block-dm).
struct DMMultipath: Collector, ~Copyable {
    static var name: String { "dmmultipath" }

    private final class Path {
        let state: Attribute
        let labels: [(name: String, value: String)]
        let key: [UInt8]

        init(_ state: Attribute, labels: [(name: String, value: String)]) {
            self.state = state
            self.labels = labels
            key = Array(labels.map(\.value).joined(separator: "\0").utf8)
        }
    }

    private final class Device {
        let labels: [(name: String, value: String)]
        let key: [UInt8]
        let pending: Attribute
        let size: Attribute
        let paths: [Path]

        init(
            _ labels: [(name: String, value: String)], root: Root, folder: String,
            paths: [Path]
        ) {
            self.labels = labels
            key = Array(folder.utf8)
            pending = Attribute(root, name: "\(folder)/dm/suspended")
            size = Attribute(root, name: "\(folder)/size")
            self.paths = paths
        }
    }

    private var directory: DeviceDirectory
    private var devices: [Device] = []
    private var info = AttributeInfo(
        Family(
            "node_dmmultipath_device_info", kind: .gauge,
            help: "Non-numeric information about a DM-multipath device."))
    private var key: [UInt8] = []
    private var table = SeriesTable([
        .init(
            Family(
                "node_dmmultipath_device_active", kind: .gauge,
                help:
                    "Whether the multipath device-mapper device is active (1) or suspended (0).")),
        .init(
            Family(
                "node_dmmultipath_device_size_bytes", kind: .gauge,
                help: "Size of the multipath device in bytes, read from /sys/block/<dm>/size.")),
        .init(
            Family(
                "node_dmmultipath_device_paths", kind: .gauge,
                help: "Number of paths for a multipath device.")),
        .init(
            Family(
                "node_dmmultipath_device_paths_active", kind: .gauge,
                help:
                    "Number of paths in active state (SCSI running or NVMe live) for a multipath device."
            )),
        .init(
            Family(
                "node_dmmultipath_device_paths_failed", kind: .gauge,
                help: "Number of paths not in active state for a multipath device.")),
    ])
    private var states = SeriesTable([
        .init(
            Family(
                "node_dmmultipath_path_state", kind: .gauge,
                help:
                    "Reports the underlying device state for a multipath path, as read from /sys/block/<dev>/device/state."
            ))
    ])

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "block")
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if devices.isEmpty { return }
        _ = info.write(&scrape, to: &page)
        table.begin()
        states.begin()
        for device in devices { show(device, scrape: &scrape) }
        table.end()
        states.end()
        table.write(to: &page)
        states.write(to: &page)
    }

    private mutating func find(_ names: [String]) {
        let root = directory.root
        devices = []
        info.begin()
        for name in names where name.hasPrefix("dm-") {
            let folder = "\(directory.path)/\(name)"
            guard let identifier = try? root.attribute("\(folder)/dm/uuid"),
                identifier.span.starts(with: "mpath-"),
                let text = try? root.attribute("\(folder)/dm/name")
            else { continue }
            let device = text.span.string
            let labels = [("device", device), ("sysfs_name", name)]
            let paths = ((try? root.names(in: "\(folder)/slaves")) ?? []).sorted().map {
                Path(
                    Attribute(root, name: "\(directory.path)/\($0)/device/state"),
                    labels: [("device", device), ("path", $0)])
            }
            info.add(labels + [("uuid", identifier.span.string)], attributes: [])
            devices.append(Device(labels, root: root, folder: folder, paths: paths))
        }
    }

    private mutating func show(_ device: Device, scrape: inout CollectionContext) {
        let key = device.key
        guard let row = table.row(key.span, labels: { device.labels }) else { return }
        if let pending = device.pending.unsigned(&scrape) {
            table[row, 0] = pending == 1 ? 0 : 1
        } else if device.pending.isGone {
            directory.lookSoon()
        }
        // Sectors are 512 bytes whatever the device's own block size is.
        if let sectors = device.size.unsigned(&scrape) { table[row, 1] = Double(sectors &* 512) }
        var active = 0
        for path in device.paths where show(path, scrape: &scrape) { active += 1 }
        table[row, 2] = Double(device.paths.count)
        table[row, 3] = Double(active)
        table[row, 4] = Double(device.paths.count - active)
    }

    /// Whether the path can be used: its disk runs (SCSI), its controller lives (NVMe).
    private mutating func show(_ path: Path, scrape: inout CollectionContext) -> Bool {
        guard path.state.read(&scrape) else { return false }
        let state = scrape.text.bytes.trimmed
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: path.key)
        key.append(0)
        for index in 0..<state.count { key.append(state[index]) }
        let full = key
        let row = states.row(full.span, labels: { path.labels + [("state", state.string)] })
        if let row { states[row, 0] = 1 }
        return state.equals("running") || state.equals("live")
    }
}
