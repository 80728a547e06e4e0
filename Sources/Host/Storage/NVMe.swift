internal import Exposition
internal import Kernel

/// NVMe controllers and their namespaces (/sys/class/nvme, drivers/nvme/host/sysfs.c).
struct NVMe: Collector, ~Copyable {
    static var name: String { "nvme" }

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
                    "Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size"
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
            for entry in ((try? root.names(in: folder)) ?? []).sorted() {
                guard let number = NVMe.namespace(entry) else { continue }
                let labels = [("device", name), ("nsid", number)]
                let path = "\(folder)/\(entry)"
                if root.exists("\(path)/ana_state") {
                    namespaceInfo.add(
                        labels,
                        attributes: [("ana_state", Attribute(root, name: "\(path)/ana_state"))])
                } else {
                    namespaceInfo.add(labels + [("ana_state", "unknown")], attributes: [])
                }
                namespaces.append(Namespace(labels, root: root, folder: path))
            }
        }
    }

    /// The number of a namespace called like `nvme0n1`; nil for another entry.
    static func namespace(_ name: String) -> String? {
        var cursor = Cursor(name.utf8Span.span)
        guard cursor.take("nvme"), cursor.number() != nil, cursor.take("n"),
            let number = cursor.number()
        else { return nil }
        return String(number)
    }

    private mutating func collectSizes(_ scrape: inout CollectionContext) {
        table.begin()
        for namespace in namespaces {
            guard let blockSize = namespace.blockSize.unsigned(&scrape) else {
                if namespace.blockSize.isGone { directory.lookSoon() }
                continue
            }
            let key = namespace.key
            guard let row = table.row(key.span, labels: { namespace.labels }) else { continue }
            table[row, 3] = Double(blockSize)
            if let size = namespace.size.unsigned(&scrape) {
                table[row, 0] = Double(size &* blockSize)
                table[row, 1] = Double(size &* blockSize)
            }
            if let used = namespace.used.unsigned(&scrape) {
                table[row, 2] = Double(used &* blockSize)
            }
        }
        table.end()
    }
}
