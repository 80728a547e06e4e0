internal import Exposition
internal import Kernel

/// NVMe controllers and their namespaces (/sys/class/nvme, drivers/nvme/host/sysfs.c).
struct NVMe: Collector, ~Copyable {
    static var name: String { "nvme" }

    /// /sys/block/*/size counts sectors of 512 bytes whatever the logical block size is
    /// (Documentation/ABI/stable/sysfs-block); `nuse` counts logical blocks.
    private static let sectorBytes = 512.0

    private final class Namespace {
        let labels: [(name: String, value: String)]
        let key: [UInt8]
        let used: Attribute
        let size: Attribute
        let blockSize: Attribute

        init(_ labels: [(name: String, value: String)], root: Root, folder: String) {
            self.labels = labels
            key = Array(folder.utf8)
            used = Attribute(root, name: "\(folder)/nuse")
            size = Attribute(root, name: "\(folder)/size")
            blockSize = Attribute(root, name: "\(folder)/queue/logical_block_size")
        }
    }

    private var directory: DeviceDirectory
    private var info = AttributeInfo(
        Family(
            "node_nvme_info", kind: .gauge,
            help: "Non-numeric data from /sys/class/nvme/<device>, value is always 1."))
    private var namespaceInfo = AttributeInfo(
        Family(
            "node_nvme_namespace_info", kind: .gauge,
            help: "Information about NVMe namespaces. Value is always 1"))
    private var namespaces: [Namespace] = []
    private var table = SeriesTable([
        .init(
            Family(
                "node_nvme_namespace_capacity_bytes", kind: .gauge,
                help:
                    "Capacity of the NVMe namespace in bytes. Computed as namespace_size * 512"
            )),
        .init(
            Family(
                "node_nvme_namespace_size_bytes", kind: .gauge,
                help:
                    "Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size"
            )),
        .init(
            Family(
                "node_nvme_namespace_used_bytes", kind: .gauge,
                help:
                    "Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse"
            )),
        .init(
            Family(
                "node_nvme_namespace_logical_block_size_bytes", kind: .gauge,
                help:
                    "Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in /sys/class/nvme/<device>/<namespace>/queue/logical_block_size"
            )),
    ])

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "class/nvme")
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if info.write(&scrape, to: &page) { directory.lookSoon() }
        if namespaceInfo.write(&scrape, to: &page) { directory.lookSoon() }
        collectSizes(&scrape)
        table.write(to: &page)
    }

    private mutating func find(_ names: [String]) {
        let root = directory.root
        info.begin()
        namespaceInfo.begin()
        namespaces = []
        for name in names {
            let folder = "\(directory.path)/\(name)"
            info.add(
                [("device", name)],
                attributes: [
                    ("cntlid", "cntlid"), ("firmware_revision", "firmware_rev"),
                    ("model", "model"), ("serial", "serial"), ("state", "state"),
                ].map { ($0.0, Attribute(root, name: "\(folder)/\($0.1)")) })
            let entries = (try? root.names(in: folder)) ?? []
            for (number, entry) in NVMe.namespaces(entries) {
                add([("device", name), ("nsid", String(number))], folder: "\(folder)/\(entry)")
            }
        }
    }

    private mutating func add(_ labels: [(name: String, value: String)], folder: String) {
        let root = directory.root
        if root.exists("\(folder)/ana_state") {
            namespaceInfo.add(
                labels, attributes: [("ana_state", Attribute(root, name: "\(folder)/ana_state"))])
        } else {
            namespaceInfo.add(labels + [("ana_state", "unknown")], attributes: [])
        }
        namespaces.append(Namespace(labels, root: root, folder: folder))
    }

    /// The namespaces among the entries of a controller's directory, by number: `nvme0n1`, or
    /// `nvme0c1n1` for the path that a controller has to a namespace shared with others, whose own
    /// directory is below the subsystem (CONFIG_NVME_MULTIPATH).
    static func namespaces(_ entries: [String]) -> [(number: UInt64, entry: String)] {
        var found: [UInt64: String] = [:]
        // `nvme0n1` is sorted behind `nvme0c1n1` and replaces it.
        for entry in entries.sorted() {
            var cursor = Cursor(entry.utf8Span.span)
            guard cursor.take("nvme"), cursor.number() != nil else { continue }
            if cursor.take("c"), cursor.number() == nil { continue }
            guard cursor.take("n"), let number = cursor.number(), cursor.isAtEnd else { continue }
            found[number] = entry
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private mutating func collectSizes(_ scrape: inout CollectionContext) {
        table.begin()
        for namespace in namespaces {
            let key = namespace.key
            guard let row = table.row(key.span, labels: { namespace.labels }) else { continue }
            if let sectors = namespace.size.unsigned(&scrape) {
                table[row, 0] = Double(sectors) * NVMe.sectorBytes
                table[row, 1] = Double(sectors) * NVMe.sectorBytes
            }
            guard let blockSize = namespace.blockSize.unsigned(&scrape) else {
                if namespace.blockSize.isGone { directory.lookSoon() }
                continue
            }
            table[row, 3] = Double(blockSize)
            if let used = namespace.used.unsigned(&scrape) {
                table[row, 2] = Double(used) * Double(blockSize)
            }
        }
        table.end()
    }
}
