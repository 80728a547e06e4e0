internal import Exposition
internal import Kernel

/// Watchdog timers (Documentation/ABI/testing/sysfs-class-watchdog).
struct Watchdog: Collector, ~Copyable {
    static var name: String { "watchdog" }

    private static var numbers: [(file: String, name: String)] {
        [
            ("bootstatus", "bootstatus"), ("fw_version", "fw_version"), ("nowayout", "nowayout"),
            ("timeleft", "timeleft_seconds"), ("timeout", "timeout_seconds"),
            ("pretimeout", "pretimeout_seconds"), ("access_cs0", "access_cs0"),
        ]
    }

    private static var texts: [String] {
        ["options", "identity", "state", "status", "pretimeout_governor"]
    }

    private var directory: DeviceDirectory
    private var readings = AttributeFamilies()
    private var info = AttributeInfo(
        Family("node_watchdog_info", kind: .gauge, help: "Info of /sys/class/watchdog/<watchdog>"))

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "class/watchdog")
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
        if info.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        let root = directory.root
        readings.begin()
        info.begin()
        for name in names {
            let folder = "\(directory.path)/\(name)"
            let files = Set((try? root.names(in: folder)) ?? [])
            for (file, metric) in Watchdog.numbers where files.contains(file) {
                let full = "node_watchdog_" + metric
                readings.add(
                    root, file: "\(folder)/\(file)", to: full, labels: [("name", name)],
                    form: .prefixed,
                    family: {
                        Family(
                            full, kind: .gauge,
                            help: "Value of /sys/class/watchdog/<watchdog>/\(file)")
                    })
            }
            info.add(
                [("name", name)],
                attributes: Watchdog.texts.filter { files.contains($0) }.map {
                    ($0, Attribute(root, name: "\(folder)/\($0)"))
                })
        }
        readings.end()
    }
}
