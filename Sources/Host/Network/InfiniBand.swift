internal import Exposition
internal import Kernel
internal import Settings

/// InfiniBand devices and the counters of their ports, from /sys/class/infiniband.
struct InfiniBand: Collector, ~Copyable {
    static var name: String { "infiniband" }

    private static let directory = "class/infiniband"
    private static let stateColumns = 3

    private final class Port {
        let device: String
        let number: UInt64
        let key: [UInt8]
        /// State, physical state, rate.
        var state: KernelFile
        var physicalState: KernelFile
        var rate: KernelFile
        /// Those that the driver has, each with its place among all counters.
        let counters: [(place: Int, file: CounterFile)]

        init(_ root: Root, device: String, number: UInt64) {
            self.device = device
            self.number = number
            key = Array("\(device)\0\(number)".utf8)
            let folder = "\(InfiniBand.directory)/\(device)/ports/\(number)"
            state = root.file("\(folder)/state", limit: 4096, isOneRecord: true)
            physicalState = root.file("\(folder)/phys_state", limit: 4096, isOneRecord: true)
            rate = root.file("\(folder)/rate", limit: 4096, isOneRecord: true)
            var found: [String: Set<String>] = [:]
            for name in ["counters", "counters_ext", "hw_counters"] {
                found[name] = Set((try? root.names(in: "\(folder)/\(name)")) ?? [])
            }
            counters = InfiniBandNames.counters.enumerated().filter {
                found[$0.element.folder]?.contains($0.element.file) ?? false
            }.map {
                (
                    $0.offset,
                    CounterFile(root, name: "\(folder)/\($0.element.folder)/\($0.element.file)")
                )
            }
        }
    }

    private final class CounterFile {
        var file: KernelFile

        init(_ root: Root, name: String) {
            file = root.file(name, limit: 4096, isOneRecord: true)
        }
    }

    private let root: Root
    private var directory: DeviceDirectory
    private let filter: Filter
    private var ports: [Port] = []
    private var info = SeriesTable([
        .init(
            Family(
                "node_infiniband_info", kind: .gauge,
                help:
                    "Non-numeric data from /sys/class/infiniband/<device>, value is always 1."))
    ])
    private var table: SeriesTable

    init(_ machine: CollectorResources, filter: Filter) {
        root = machine.roots.sys
        directory = DeviceDirectory(machine, path: InfiniBand.directory)
        self.filter = filter
        func column(
            _ name: String, kind: Family.Kind, help: String
        ) -> SeriesTable.Column {
            SeriesTable.Column(Family("node_infiniband_\(name)", kind: kind, help: help))
        }
        table = SeriesTable(
            [
                column(
                    "state_id", kind: .gauge,
                    help:
                        "State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: active, 5: act defer)"
                ),
                column(
                    "physical_state_id", kind: .gauge,
                    help:
                        "Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, 4: shift, 5: link up, 6: link error recover, 7: phytest)"
                ),
                column("rate_bytes_per_second", kind: .gauge, help: "Maximum signal transfer rate"),
            ] + InfiniBandNames.counters.map { column($0.metric, kind: $0.kind, help: $0.help) })
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        info.write(to: &page)
        table.begin()
        for port in ports { show(port, scrape: &scrape) }
        table.end()
        table.write(to: &page)
    }

    private mutating func find(_ names: [String]) {
        ports = []
        info.begin()
        for device in names where filter.matches(device.utf8Span.span) {
            let folder = "\(InfiniBand.directory)/\(device)"
            func text(_ name: String) -> String {
                let text = (try? root.attribute("\(folder)/\(name)")) ?? []
                return text.span.string
            }
            let row = info.row(
                device.utf8Span.span,
                labels: {
                    [
                        ("device", device), ("board_id", text("board_id")),
                        ("firmware_version", text("fw_ver")), ("hca_type", text("hca_type")),
                    ]
                })
            if let row { info[row, 0] = 1 }
            let numbers = ((try? root.names(in: "\(folder)/ports")) ?? []).compactMap { UInt64($0) }
            ports += numbers.sorted().map { Port(root, device: device, number: $0) }
        }
        info.end()
    }

    /// Skips an attribute that cannot be read or is not a number.
    private mutating func show(_ port: Port, scrape: inout CollectionContext) {
        let key = port.key
        let row = table.row(
            key.span, labels: { [("device", port.device), ("port", String(port.number))] })
        guard let row else { return }
        if InfiniBand.read(&port.state, scrape: &scrape) {
            let state = InfiniBand.state(scrape.text.bytes)
            set(row, column: 0, value: state, scrape: &scrape)
        }
        if InfiniBand.read(&port.physicalState, scrape: &scrape) {
            let state = InfiniBand.state(scrape.text.bytes)
            set(row, column: 1, value: state, scrape: &scrape)
        }
        if InfiniBand.read(&port.rate, scrape: &scrape) {
            let rate = InfiniBand.rate(scrape.text.bytes)
            set(row, column: 2, value: rate, scrape: &scrape)
        }
        for (place, counter) in port.counters {
            guard InfiniBand.read(&counter.file, scrape: &scrape) else { continue }
            // What drivers write that have the file and no counter.
            if scrape.text.bytes.starts(with: "N/A") { continue }
            let definition = InfiniBandNames.counters[place]
            let value = scrape.text.bytes.trimmed.unsigned.map {
                Double($0 &* definition.factor / definition.divisor)
            }
            set(row, column: InfiniBand.stateColumns + place, value: value, scrape: &scrape)
        }
    }

    private mutating func set(
        _ row: Int, column: Int, value: Double?, scrape: inout CollectionContext
    ) {
        if let value {
            table[row, column] = value
        } else {
            scrape.skippedLines += 1
        }
    }

    private static func read(_ file: inout KernelFile, scrape: inout CollectionContext) -> Bool {
        do throws(KernelError) {
            try scrape.read(&file)
            return true
        } catch {
            if !error.isAbsence, !error.isRefusedAttribute { scrape.skippedLines += 1 }
            return false
        }
    }

    /// The number of `4: ACTIVE`.
    static func state(_ text: Span<UInt8>) -> Double? {
        var cursor = Cursor(text)
        guard let number = cursor.number(), cursor.take(":") else { return nil }
        return Double(number)
    }

    /// Bytes per second of `100 Gb/sec (4X EDR)`.
    static func rate(_ text: Span<UInt8>) -> Double? {
        var cursor = Cursor(text)
        guard let gigabits = cursor.decimal(), cursor.peek == 0x20, gigabits.isFinite,
            gigabits >= 0
        else { return nil }
        return (gigabits * 125_000_000).rounded(.down)
    }
}
