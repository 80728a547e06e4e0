internal import Exposition
internal import Kernel

/// Watchdog timers (Documentation/ABI/testing/sysfs-class-watchdog).
struct Watchdog: Collector, ~Copyable {
    static var name: String { "watchdog" }

    private static let shape = DeviceTable.Shape(
        path: "class/watchdog", label: "name",
        numbers: [
            row("bootstatus"), row("fw_version"), row("nowayout"),
            row("timeleft", as: "timeleft_seconds"), row("timeout", as: "timeout_seconds"),
            row("pretimeout", as: "pretimeout_seconds"), row("access_cs0"),
        ],
        info: .init(
            family: "node_watchdog_info", help: "Info of /sys/class/watchdog/<watchdog>",
            files: ["options", "identity", "state", "status", "pretimeout_governor"]))

    private static func row(_ file: String, as name: String? = nil) -> AttributeRow {
        AttributeRow(
            file, family: "node_watchdog_\(name ?? file)",
            help: "Value of /sys/class/watchdog/<watchdog>/\(file)", form: .prefixed)
    }

    private var devices: DeviceTable

    init(_ machine: CollectorResources) {
        devices = DeviceTable(machine, shape: Watchdog.shape)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try devices.collect(&scrape, into: &page)
    }
}
