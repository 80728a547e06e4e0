internal import Kernel

/// One device's record of udev's database: `E:NAME=value` lines in `b<major>:<minor>`.
struct UdevProperties {
    /// A set of labels with the key it is found by.
    struct Row {
        let labels: [(name: String, value: String)]
        let key: [UInt8]

        init(_ labels: [(name: String, value: String)]) {
            self.labels = labels
            key = Array(labels.map(\.value).joined(separator: "\0").utf8)
        }
    }

    let device: String
    let major: UInt64
    let minor: UInt64
    let info: Row
    let filesystem: Row?
    let mapper: Row?
    /// Write cache, write cache enabled, rotations per minute; nil where udev has no value.
    let ata: [Double?]

    init(udev: Root, sys: Root, device: String, major: UInt64, minor: UInt64) {
        self.device = device
        self.major = major
        self.minor = minor
        let text = (try? udev.attribute("b\(major):\(minor)", limit: 64 << 10)) ?? []
        let properties = UdevProperties.parse(text.span)
        func property(_ name: String) -> String { properties[name] ?? "" }
        // The serial printed on the disk, else what the bus or virtio calls one.
        let serial = ["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"].map(property)
        let rotational = try? sys.attribute(
            "block/\(UdevProperties.sysfsName(device))/queue/rotational")
        info = Row([
            ("device", device), ("major", String(major)), ("minor", String(minor)),
            ("path", property("ID_PATH")), ("wwn", property("ID_WWN")),
            ("model", property("ID_MODEL")), ("serial", serial.first { !$0.isEmpty } ?? ""),
            ("revision", property("ID_REVISION")),
            ("rotational", rotational == [0x31] ? "1" : "0"),
        ])
        filesystem =
            property("ID_FS_TYPE").isEmpty
            ? nil
            : Row([
                ("device", device), ("type", property("ID_FS_TYPE")),
                ("usage", property("ID_FS_USAGE")), ("uuid", property("ID_FS_UUID")),
                ("version", property("ID_FS_VERSION")),
            ])
        mapper =
            property("DM_NAME").isEmpty
            ? nil
            : Row([
                ("device", device), ("name", property("DM_NAME")), ("uuid", property("DM_UUID")),
                ("vg_name", property("DM_VG_NAME")), ("lv_name", property("DM_LV_NAME")),
                ("lv_layer", property("DM_LV_LAYER")),
            ])
        ata =
            property("ID_ATA").isEmpty
            ? [nil, nil, nil]
            : [
                "ID_ATA_WRITE_CACHE", "ID_ATA_WRITE_CACHE_ENABLED", "ID_ATA_ROTATION_RATE_RPM",
            ].map { Double(property($0)) }
    }

    /// The kernel writes `!` in sysfs where a device's name has a slash; nothing may climb out.
    private static func sysfsName(_ device: String) -> String {
        let name = String(device.map { $0 == "/" ? "!" : $0 })
        return name == ".." || name == "." ? "!" : name
    }

    static func parse(_ text: Span<UInt8>) -> [String: String] {
        var properties: [String: String] = [:]
        var lines = Cursor(text)
        while var line = lines.line() {
            guard line.take("E:"), let name = line.text(before: 0x3D) else { continue }
            properties[name.string] = line.rest.string
        }
        return properties
    }
}
