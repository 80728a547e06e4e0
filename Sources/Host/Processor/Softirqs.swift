internal import Exposition
internal import Kernel

/// Calls of each softirq per CPU from /proc/softirqs (proc(5)).
struct Softirqs: FileCollector, ~Copyable {
    static var name: String { "softirqs" }

    private static var types: [String] {
        [
            "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER",
            "RCU",
        ]
    }

    static var fileRole: FileRole { .any }

    var file: KernelFile
    private let types = Softirqs.types.map { Array($0.utf8) }
    private var rows: [Int] = []
    private var table: SeriesTable

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("softirqs", limit: 4 << 20)
        let family = Family(
            "node_softirqs_functions_total", kind: .counter, help: "Softirq counts per CPU.")
        table = SeriesTable(
            Softirqs.types.map { SeriesTable.Column(family, labels: [("type", $0)]) })
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// Returns the lines that could not be used; nil when the head does not name the CPUs.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var lines = Cursor(text)
        guard let head = lines.line(), name(head) else { return nil }
        var skipped = 0
        while var line = lines.line() {
            guard let type = line.text(before: 0x3A) else {
                skipped += 1
                continue
            }
            // A softirq that a later kernel has added is ignored.
            guard let column = column(type.trimmed) else { continue }
            if !fill(column, line: &line) { skipped += 1 }
        }
        return skipped
    }

    /// Names the rows after the head.
    private mutating func name(_ head: Cursor) -> Bool {
        var head = head
        rows.removeAll(keepingCapacity: true)
        table.begin()
        defer { table.end() }
        while let word = head.word() {
            guard let number = word.processorNumber,
                let row = CPU.row(number, in: &table)
            else { return false }
            rows.append(row)
        }
        return !rows.isEmpty
    }

    private func column(_ type: Span<UInt8>) -> Int? {
        for column in types.indices where type.equals(types[column]) { return column }
        return nil
    }

    private mutating func fill(_ column: Int, line: inout Cursor) -> Bool {
        for row in rows {
            guard let calls = line.field() else { return false }
            table[row, column] = Double(calls)
        }
        return true
    }
}
