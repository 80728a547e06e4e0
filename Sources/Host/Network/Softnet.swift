internal import Exposition
internal import Kernel

/// What each CPU has done with received packets: /proc/net/softnet_stat (net/core/net-procfs.c).
struct Softnet: FileCollector, ~Copyable {
    static var name: String { "softnet" }

    /// The columns since Linux 2.6.23; 10 came with 2.6.39, 11 with 4.18, 13 with 5.14.
    static var fewestColumns: Int { 9 }

    static var fileRole: FileRole { .lines }

    var file: KernelFile
    private var table: SeriesTable
    private static let columns: [(name: String, kind: Family.Kind, help: String, source: Int)] = [
        ("processed_total", .counter, "Number of processed packets", 0),
        ("dropped_total", .counter, "Number of dropped packets", 1),
        (
            "times_squeezed_total", .counter,
            "Number of times processing packets ran out of quota", 2
        ),
        (
            "cpu_collision_total", .counter,
            "Number of collision occur while obtaining device lock while transmitting", 8
        ),
        ("received_rps_total", .counter, "Number of times cpu woken up received_rps", 9),
        (
            "flow_limit_count_total", .counter,
            "Number of times flow limit has been reached", 10
        ),
        ("backlog_len", .gauge, "Softnet backlog status", 11),
    ]

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("net/softnet_stat", limit: 4 << 20)
        table = SeriesTable(
            Softnet.columns.map {
                SeriesTable.Column(Family("node_softnet_\($0.name)", kind: $0.kind, help: $0.help))
            })
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// A line of hexadecimal numbers per CPU that is online. Returns those that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var skipped = 0
        var number: UInt64 = 0
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            var values: [13 of UInt64] = .init(repeating: 0)
            var count = 0
            while count < 13, let value = line.hexadecimalField(), value <= UInt32.max {
                values[count] = value
                count += 1
            }
            line.skipBlanks()
            // Older kernels do not write the CPU's number; their lines are in the order of the CPUs.
            let cpu = count == 13 ? values[12] : number
            number += 1
            guard count >= Softnet.fewestColumns, count == 13 || line.isAtEnd,
                let row = table.row(
                    Softnet.key(cpu).span, labels: { [("cpu", String(cpu))] })
            else {
                skipped += 1
                continue
            }
            // A line of 12 columns has no backlog: it came together with the CPU's number.
            if count < 13 { values[11] = 0 }
            for (column, definition) in Softnet.columns.enumerated() {
                table[row, column] = Double(values[definition.source])
            }
        }
        table.end()
        return skipped
    }

    private static func key(_ number: UInt64) -> [8 of UInt8] {
        var key: [8 of UInt8] = .init(repeating: 0)
        for byte in 0..<8 { key[byte] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte))) }
        return key
    }
}
