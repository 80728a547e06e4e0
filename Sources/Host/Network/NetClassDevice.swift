internal import Glibc
internal import Kernel

/// The attributes of one network interface in /sys/class/net/NAME
/// (Documentation/ABI/testing/sysfs-class-net).
final class NetClassDevice {
    /// An attribute whose value is a number, and the metric's name behind `node_network_`.
    struct Property {
        let metric: String
        let attribute: String
        var isCounter = false
    }

    static let properties = [
        Property(metric: "address_assign_type", attribute: "addr_assign_type"),
        Property(metric: "carrier", attribute: "carrier"),
        Property(
            metric: "carrier_changes_total", attribute: "carrier_changes", isCounter: true),
        Property(
            metric: "carrier_up_changes_total", attribute: "carrier_up_count", isCounter: true),
        Property(
            metric: "carrier_down_changes_total", attribute: "carrier_down_count",
            isCounter: true),
        Property(metric: "device_id", attribute: "dev_id"),
        Property(metric: "dormant", attribute: "dormant"),
        Property(metric: "flags", attribute: "flags"),
        Property(metric: "iface_id", attribute: "ifindex"),
        Property(metric: "iface_link", attribute: "iflink"),
        Property(metric: "iface_link_mode", attribute: "link_mode"),
        Property(metric: "mtu_bytes", attribute: "mtu"),
        Property(metric: "name_assign_type", attribute: "name_assign_type"),
        Property(metric: "net_dev_group", attribute: "netdev_group"),
        Property(metric: "speed_bytes", attribute: "speed"),
        Property(metric: "transmit_queue_length", attribute: "tx_queue_len"),
        Property(metric: "protocol_type", attribute: "type"),
    ]
    private static let flags = 7
    private static let index = 8
    private static let speed = 14

    /// An attribute whose text is a label.
    static let texts = ["address", "broadcast", "duplex", "ifalias", "operstate"]
    private static let state = 4

    let name: [UInt8]
    let label: String
    /// By property; nil where the interface does not have it.
    private(set) var values: [Int64?]
    /// By text.
    private(set) var labels: [String]
    /// Identifies this set of labels.
    private(set) var key: [UInt8] = []
    var mustRead = true

    init(_ name: [UInt8]) {
        self.name = name
        label = name.span.string
        values = NetClassDevice.properties.map { _ in nil }
        labels = NetClassDevice.texts.map { _ in "" }
    }

    var isUp: Bool { labels[NetClassDevice.state] == "up" }

    /// What the administrator wants: IFF_UP.
    var administrativeState: String {
        values[NetClassDevice.flags].map { $0 & 1 == 1 ? "up" : "down" } ?? "unknown"
    }

    var number: Int64? { values[NetClassDevice.index] }

    /// The value of a property in the metric's unit. A driver that does not know its speed reports
    /// a negative one.
    func value(_ property: Int, hidesInvalidSpeed: Bool) -> Double? {
        guard let value = values[property] else { return nil }
        if property != NetClassDevice.speed { return Double(value) }
        if value < 0, hidesInvalidSpeed { return nil }
        // Megabits per second.
        return Double(value) * 125_000
    }

    /// The labels of node_network_info.
    var infoLabels: [(name: String, value: String)] {
        [("device", label), ("adminstate", administrativeState)]
            + zip(NetClassDevice.texts, labels).map { ($0, $1) }
    }

    /// Reads all attributes. Returns how many could not be used; throws if the interface
    /// has gone.
    func read(
        in directory: borrowing KernelDirectory, text: inout Buffer
    ) throws(KernelError) -> Int {
        let folder = try directory.directory(name)
        var skipped = 0
        for (place, property) in NetClassDevice.properties.enumerated() {
            values[place] = nil
            guard
                NetClassDevice.read(
                    property.attribute, folder: folder, text: &text, skipped: &skipped)
            else {
                continue
            }
            values[place] = text.bytes.trimmed.prefixedInteger
            if values[place] == nil { skipped += 1 }
        }
        key = name
        for (place, attribute) in NetClassDevice.texts.enumerated() {
            let isThere = NetClassDevice.read(
                attribute, folder: folder, text: &text, skipped: &skipped)
            labels[place] = isThere ? text.bytes.trimmed.string : ""
            key.append(0)
            key += labels[place].utf8
        }
        key.append(0)
        key += administrativeState.utf8
        mustRead = false
        return skipped
    }

    /// Drivers answer EINVAL or EOPNOTSUPP to what they do not have, and some files are unreadable.
    private static func read(
        _ attribute: String, folder: borrowing KernelDirectory, text: inout Buffer,
        skipped: inout Int
    ) -> Bool {
        do throws(KernelError) {
            try folder.read(attribute, into: &text)
            return true
        } catch {
            if !error.isAbsence, !error.isRefusedAttribute { skipped += 1 }
            return false
        }
    }
}

extension KernelError {
    /// We may not read the attribute, or the driver has no answer.
    var isRefusedAttribute: Bool {
        code == EACCES || code == EPERM || code == EINVAL || code == EOPNOTSUPP
    }
}
