internal import Exposition
internal import Kernel

/// Mounted bcachefs file systems (/sys/fs/bcachefs, fs/bcachefs/sysfs.c).
struct Bcachefs: Collector, ~Copyable {
    static var name: String { "bcachefs" }

    private typealias Labels = [(name: String, value: String)]

    private var directory: DeviceDirectory
    private var info: [Series] = []
    private let infoFamily = Family(
        "node_bcachefs_info", kind: .gauge, help: "Filesystem information.")
    private var readings = AttributeFamilies()
    private var deviceInfo = AttributeInfo(
        Family("node_bcachefs_device_info", kind: .gauge, help: "Device information."))
    private var compression = WordTable(
        .init(label: "algorithm", skipsHead: true),
        columns: [
            .init(
                Family(
                    "node_bcachefs_compression_compressed_bytes", kind: .gauge,
                    help: "Compressed size by algorithm.")),
            .init(
                Family(
                    "node_bcachefs_compression_uncompressed_bytes", kind: .gauge,
                    help: "Uncompressed size by algorithm.")),
        ])
    private var errors = WordTable(
        .init(label: "error_type"),
        columns: [
            .init(
                Family(
                    "node_bcachefs_errors_total", kind: .counter, help: "Error count by error type."
                ))
        ])
    private var writes = WordTable(
        .init(label: "type", skipsHead: true),
        columns: [
            .init(
                Family(
                    "node_bcachefs_btree_writes_total", kind: .counter,
                    help: "Number of btree writes by type.")),
            .init(
                Family(
                    "node_bcachefs_btree_write_average_size_bytes", kind: .gauge,
                    help: "Average btree write size by type.")),
        ])
    private var done = WordTable(
        .init(label: "data_type", section: "operation"),
        columns: [
            .init(
                Family(
                    "node_bcachefs_device_io_done_bytes_total", kind: .counter,
                    help: "IO bytes by operation type and data type."))
        ])
    private var deviceErrors = WordTable(
        .init(label: "type", onlySection: "IO errors since filesystem creation"),
        columns: [
            .init(
                Family(
                    "node_bcachefs_device_io_errors_total", kind: .counter,
                    help: "IO errors by error type."))
        ])

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "fs/bcachefs", isAnnounced: false)
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
        for series in info { page.sample(series, value: 1) }
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
            findFilesystem(folder, labels: [("uuid", name)])
        }
        readings.end()
    }

    private mutating func findFilesystem(_ folder: String, labels: Labels) {
        let root = directory.root
        let files = ((try? root.names(in: folder)) ?? []).sorted()
        info.append(Series(infoFamily, labels: LabelSet(labels)))
        for file in files {
            let path = "\(folder)/\(file)"
            switch file {
            case "btree_cache_size":
                add(
                    path, name: "btree_cache_size_bytes", labels: labels, form: .readable,
                    help: "Btree cache memory usage in bytes.")
            case "compression_stats": compression.add(root, file: path, labels: labels)
            case "errors": errors.add(root, file: path, labels: labels)
            case "btree_write_stats": writes.add(root, file: path, labels: labels)
            case "counters": findCounters(path, labels: labels)
            default:
                if file.hasPrefix("dev-"), root.isDirectory(path) {
                    findDevice(path, labels: labels + [("device", String(file.dropFirst(4)))])
                }
            }
        }
    }

    private mutating func findCounters(_ folder: String, labels: Labels) {
        for counter in ((try? directory.root.names(in: folder)) ?? []).sorted() {
            let name = String(
                decoding: counter.utf8.map { byte in
                    switch byte {
                    case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, 0x5F: byte
                    default: 0x5F
                    }
                }, as: UTF8.self)
            add(
                "\(folder)/\(counter)", name: "\(name)_total", labels: labels, form: .sinceCreation,
                help: "Bcachefs counter \(counter) since filesystem creation.")
        }
    }

    private mutating func findDevice(_ folder: String, labels: Labels) {
        let root = directory.root
        deviceInfo.add(
            labels,
            attributes: [
                ("label", Attribute(root, name: "\(folder)/label")),
                ("state", Attribute(root, name: "\(folder)/state")),
            ])
        add(
            "\(folder)/bucket_size", name: "device_bucket_size_bytes", labels: labels,
            form: .readable,
            help: "Bucket size in bytes.")
        add(
            "\(folder)/nbuckets", name: "device_buckets", labels: labels, form: .unsigned,
            help: "Total number of buckets.")
        add(
            "\(folder)/durability", name: "device_durability", labels: labels, form: .unsigned,
            help: "Device durability setting.")
        if root.exists("\(folder)/io_done") {
            done.add(root, file: "\(folder)/io_done", labels: labels)
        }
        if root.exists("\(folder)/io_errors") {
            deviceErrors.add(root, file: "\(folder)/io_errors", labels: labels)
        }
    }

    private mutating func add(
        _ file: String, name: String, labels: Labels, form: Attribute.Form, help: String
    ) {
        guard directory.root.exists(file) else { return }
        readings.add(
            AttributeRow(file, family: "node_bcachefs_\(name)", help: help, form: form),
            file: file, of: directory.root, labels: LabelSet(labels))
    }
}
