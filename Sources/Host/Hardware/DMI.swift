internal import Exposition
internal import Glibc
internal import Kernel

/// The names of the machine and its parts in the firmware (Documentation/ABI/testing/sysfs-class-dmi),
/// read once: it stays until the next boot.
struct DMI: Collector, ~Copyable {
    static var name: String { "dmi" }

    private static var directory: String { "class/dmi/id" }

    private static var labels: [String] {
        [
            "bios_date", "bios_release", "bios_vendor", "bios_version", "board_asset_tag",
            "board_name", "board_serial", "board_vendor", "board_version", "chassis_asset_tag",
            "chassis_serial", "chassis_vendor", "chassis_version", "product_family",
            "product_name", "product_serial", "product_sku", "product_uuid", "product_version",
            "system_vendor",
        ]
    }

    private let root: Root
    private var isRead = false
    private var single: UnlabelledMetric?

    init(_ roots: FilesystemRoots) {
        root = roots.sys
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if !isRead {
            isRead = true
            try read(&scrape)
        }
        guard let single else {
            scrape.isAbsent = true
            throw KernelError("no attributes", subject: root.path(of: DMI.directory))
        }
        page.single(single, value: 1)
    }

    private mutating func read(_ scrape: inout CollectionContext) throws(KernelError) {
        let files: Set<String>
        do throws(KernelError) {
            files = Set(try root.names(in: DMI.directory))
        } catch {
            if error.isAbsence { return }
            isRead = false
            throw error
        }
        var labels: [(name: String, value: String)] = []
        for label in DMI.labels {
            let file = label == "system_vendor" ? "sys_vendor" : label
            // Serial numbers are for root alone.
            guard files.contains(file) else { continue }
            let attribute = Attribute(root, name: "\(DMI.directory)/\(file)")
            guard attribute.read(&scrape) else { continue }
            labels.append((label, scrape.text.bytes.trimmed.string))
        }
        if labels.isEmpty { return }
        single = UnlabelledMetric(
            Family(
                "node_dmi_info", kind: .gauge,
                help:
                    "A metric with a constant '1' value labeled by \(DMI.labels.joined(separator: ", ")) if provided by DMI."
            ), labels: LabelSet(labels))
    }
}
