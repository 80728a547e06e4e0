internal import Exposition
internal import Glibc
internal import Kernel

/// The wall clock, its zone, and the clock sources of the kernel
/// (Documentation/ABI/testing/sysfs-devices-clocksource).
struct Time: Collector, ~Copyable {
    static var name: String { "time" }

    private static var directory: String { "devices/system/clocksource" }

    private let root: Root
    private let seconds = UnlabelledMetric(
        "node_time_seconds", kind: .gauge, help: "System time in seconds since epoch (1970).")
    private let offset = Family(
        "node_time_zone_offset_seconds", kind: .gauge, help: "System time zone offset in seconds.")
    private var zone: (name: String, series: Series)?
    private var devices: [Device]?
    private var available = SeriesTable([
        .init(
            Family(
                "node_time_clocksource_available_info", kind: .gauge,
                help: "Available clocksources read from '/sys/devices/system/clocksource'."))
    ])
    private var current = SeriesTable([
        .init(
            Family(
                "node_time_clocksource_current_info", kind: .gauge,
                help: "Current clocksource read from '/sys/devices/system/clocksource'."))
    ])

    private final class Device {
        let number: String
        var available: KernelFile
        var current: KernelFile

        init(number: String, root: Root) {
            self.number = number
            let directory = "\(Time.directory)/clocksource\(number)"
            available = root.file(
                "\(directory)/available_clocksource", limit: 4096, isOneRecord: true)
            current = root.file("\(directory)/current_clocksource", limit: 4096, isOneRecord: true)
        }
    }

    init(_ roots: FilesystemRoots) {
        root = roots.sys
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        page.single(seconds, value: Double(Clock.realNanoseconds) / 1e9)
        writeZone(to: &page)
        try collectSources(&scrape)
        available.write(to: &page)
        current.write(to: &page)
    }

    private mutating func writeZone(to page: inout Page) {
        var now = Glibc.time(nil)
        var local = unsafe tm()
        guard unsafe localtime_r(&now, &local) != nil else { return }
        let name = unsafe local.tm_zone.map { unsafe String(cString: $0) } ?? ""
        if zone?.name != name {
            zone = (name, Series(offset, labels: LabelSet([("time_zone", name)])))
        }
        page.begin(offset)
        if let zone { unsafe page.sample(zone.series, value: Double(local.tm_gmtoff)) }
    }

    private mutating func collectSources(_ scrape: inout CollectionContext) throws(KernelError) {
        available.begin()
        current.begin()
        defer {
            available.end()
            current.end()
        }
        if devices == nil {
            // A machine without clock sources (a container without /sys) still has the time.
            let names = (try? root.names(in: Time.directory)) ?? []
            let numbers = names.filter { $0.hasPrefix("clocksource") }.map { $0.dropFirst(11) }
            let found = numbers.filter { !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 48 && $0 < 58 } }
            if found.isEmpty { return }
            devices = found.sorted().map { Device(number: String($0), root: root) }
        }
        for device in devices ?? [] {
            do throws(KernelError) {
                try scrape.read(&device.available)
                var line = Cursor(scrape.text.bytes.trimmed)
                while let source = line.word() {
                    _ = Time.show(source, device: device, in: &available)
                }
                try scrape.read(&device.current)
                if !Time.show(scrape.text.bytes.trimmed, device: device, in: &current) {
                    scrape.skippedLines += 1
                }
            } catch {
                // The devices may have changed: they are listed again.
                devices = nil
                if !error.isAbsence { scrape.skippedLines += 1 }
            }
        }
    }

    /// False when there is no name.
    private static func show(
        _ source: Span<UInt8>, device: Device, in table: inout SeriesTable
    ) -> Bool {
        if source.isEmpty { return false }
        var key = Array(device.number.utf8)
        key.append(0x2F)
        for index in 0..<source.count { key.append(source[index]) }
        let name = source.string
        if let row = table.row(
            key.span, labels: { [("device", device.number), ("clocksource", name)] })
        {
            table[row, 0] = 1
        }
        return true
    }
}
