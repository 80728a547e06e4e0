internal import Exposition
internal import Kernel

/// Time on and waiting for each CPU from /proc/schedstat (Documentation/scheduler/sched-stats.rst).
struct SchedStat: FileCollector, ~Copyable {
    static var name: String { "schedstat" }

    static var fileRole: FileRole { .subject }

    var file: KernelFile
    private var table = SeriesTable([
        .init(
            Family(
                "node_schedstat_running_seconds_total", kind: .counter,
                help: "Number of seconds CPU spent running a process.")),
        .init(
            Family(
                "node_schedstat_waiting_seconds_total", kind: .counter,
                help: "Number of seconds spent by processing waiting for this CPU.")),
        .init(
            Family(
                "node_schedstat_timeslices_total", kind: .counter,
                help: "Number of timeslices executed by CPU.")),
    ])

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("schedstat", limit: 16 << 20)
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// Returns the number of invalid `cpu` lines, or 1 if there are no `cpu` lines. Other lines
    /// describe scheduling domains and are not read.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var skipped = 0
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard line.take("cpu") else { continue }
            guard let number = line.field(), let times = SchedStat.times(&line),
                let row = CPU.row(number, in: &table)
            else {
                skipped += 1
                continue
            }
            table[row, 0] = Double(times[0]) / 1e9
            table[row, 1] = Double(times[1]) / 1e9
            table[row, 2] = Double(times[2])
        }
        table.end()
        return table.rowCount == 0 ? max(skipped, 1) : skipped
    }

    /// Nanoseconds run and waited, and time slices: the last three of the nine numbers that every
    /// version of the file has.
    private static func times(_ line: inout Cursor) -> [3 of UInt64]? {
        for _ in 0..<6 { if line.field() == nil { return nil } }
        guard let ran = line.field(), let waited = line.field(), let slices = line.field() else {
            return nil
        }
        return [ran, waited, slices]
    }
}
