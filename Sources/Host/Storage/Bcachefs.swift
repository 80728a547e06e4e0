internal import Exposition
internal import Kernel

/// Mounted bcachefs file systems (/sys/fs/bcachefs, fs/bcachefs/sysfs.c).
struct Bcachefs: Collector, ~Copyable {
    static var name: String { "bcachefs" }

    private typealias Labels = [(name: String, value: String)]

    private var directory: DeviceDirectory
    private var info: [Series] = []
    private let infoFamily = Family(
        "node_bcachefs_info", .gauge, help: "Filesystem information.")
    private var readings = AttributeFamilies()
    private var deviceInfo = AttributeInfo(
        Family("node_bcachefs_device_info", .gauge, help: "Device information."))
    private var compression = WordTable(
        .init(label: "algorithm", skipsHead: true),
        [
            .init(
                Family(
                    "node_bcachefs_compression_compressed_bytes", .gauge,
                    help: "Compressed size by algorithm.")),
            .init(
                Family(
                    "node_bcachefs_compression_uncompressed_bytes", .gauge,
                    help: "Uncompressed size by algorithm.")),
        ])
    private var errors = WordTable(
        .init(label: "error_type"),
        [
            .init(
                Family(
                    "node_bcachefs_errors_total", .counter, help: "Error count by error type."))
        ])
    private var writes = WordTable(
        .init(label: "type", skipsHead: true),
        [
            .init(
                Family(
                    "node_bcachefs_btree_writes_total", .counter,
                    help: "Number of btree writes by type.")),
            .init(
                Family(
                    "node_bcachefs_btree_write_average_size_bytes", .gauge,
                    help: "Average btree write size by type.")),
        ])
    private var done = WordTable(
        .init(label: "data_type", section: "operation"),
        [
            .init(
                Family(
                    "node_bcachefs_device_io_done_bytes_total", .counter,
                    help: "IO bytes by operation type and data type."))
        ])
    private var deviceErrors = WordTable(
        .init(label: "type", onlySection: "IO errors since filesystem creation"),
        [
            .init(
                Family(
                    "node_bcachefs_device_io_errors_total", .counter,
                    help: "IO errors by error type."))
        ])

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, "fs/bcachefs", isAnnounced: false)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if info.isEmpty {
            scrape.isAbsent = true
            throw .malformed("\(directory.root.path(of: directory.path)): no file system")
        }
        page.begin(infoFamily)
        for series in info { page.sample(series, 1) }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
        if deviceInfo.write(&scrape, to: &page) { directory.lookSoon() }
        compression.write(&scrape, to: &page)
        errors.write(&scrape, to: &page)
        writes.write(&scrape, to: &page)
        done.write(&scrape, to: &page)
        deviceErrors.write(&scrape, to: &page)
    }

    private mutating func find(_ names: [String]) {
        info = []
        readings.begin()
        deviceInfo.begin()
        compression.begin()
        errors.begin()
        writes.begin()
        done.begin()
        deviceErrors.begin()
        for name in names {
            let folder = "\(directory.path)/\(name)"
            guard directory.root.isDirectory(folder) else { continue }
            findFilesystem(folder, [("uuid", name)])
        }
        readings.end()
    }

    private mutating func findFilesystem(_ folder: String, _ labels: Labels) {
        let root = directory.root
        let files = ((try? root.names(in: folder)) ?? []).sorted()
        info.append(Series(infoFamily, LabelSet(labels)))
        for file in files {
            let path = "\(folder)/\(file)"
            switch file {
            case "btree_cache_size":
                add(
                    path, "btree_cache_size_bytes", labels, .readable,
                    help: "Btree cache memory usage in bytes.")
            case "compression_stats": compression.add(root, path, labels)
            case "errors": errors.add(root, path, labels)
            case "btree_write_stats": writes.add(root, path, labels)
            case "counters": findCounters(path, labels)
            default:
                if file.hasPrefix("dev-"), root.isDirectory(path) {
                    findDevice(path, labels + [("device", String(file.dropFirst(4)))])
                }
            }
        }
    }

    private mutating func findCounters(_ folder: String, _ labels: Labels) {
        for counter in ((try? directory.root.names(in: folder)) ?? []).sorted() {
            let name = String(
                decoding: counter.utf8.map { byte in
                    switch byte {
                    case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, 0x5F: byte
                    default: 0x5F
                    }
                }, as: UTF8.self)
            add(
                "\(folder)/\(counter)", "\(name)_total", labels, .sinceCreation,
                help: "Bcachefs counter \(counter) since filesystem creation.")
        }
    }

    private mutating func findDevice(_ folder: String, _ labels: Labels) {
        let root = directory.root
        deviceInfo.add(
            labels,
            [
                ("label", Attribute(root, "\(folder)/label")),
                ("state", Attribute(root, "\(folder)/state")),
            ])
        add(
            "\(folder)/bucket_size", "device_bucket_size_bytes", labels, .readable,
            help: "Bucket size in bytes.")
        add(
            "\(folder)/nbuckets", "device_buckets", labels, .unsigned,
            help: "Total number of buckets.")
        add(
            "\(folder)/durability", "device_durability", labels, .unsigned,
            help: "Device durability setting.")
        if root.exists("\(folder)/io_done") { done.add(root, "\(folder)/io_done", labels) }
        if root.exists("\(folder)/io_errors") {
            deviceErrors.add(root, "\(folder)/io_errors", labels)
        }
    }

    private mutating func add(
        _ file: String, _ name: String, _ labels: Labels, _ form: Attribute.Form, help: String
    ) {
        guard directory.root.exists(file) else { return }
        let full = "node_bcachefs_" + name
        readings.add(
            directory.root, file, to: full, labels: labels, form,
            family: { Family(full, full.hasSuffix("_total") ? .counter : .gauge, help: help) })
    }
}
