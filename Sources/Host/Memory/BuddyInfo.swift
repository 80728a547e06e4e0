internal import Exposition
internal import Kernel

/// Free blocks of memory by size in each zone: /proc/buddyinfo
/// (Documentation/filesystems/proc.rst). A block of size n has 2^n pages.
struct BuddyInfo: FileCollector, ~Copyable {
    static var name: String { "buddyinfo" }

    /// Kernels have 11 sizes, some configurations a few more.
    static var sizeLimit: Int { 32 }

    static var fileRole: FileRole { .lines }

    var file: KernelFile
    private var table: SeriesTable

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("buddyinfo")
        let family = Family(
            "node_buddyinfo_blocks", kind: .gauge, help: "Count of free blocks according to size.")
        table = SeriesTable(
            (0..<BuddyInfo.sizeLimit).map { .init(family, labels: [("size", String($0))]) })
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// Lines of `Node 0, zone DMA 1 0 2 ...`. Returns those that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var skipped = 0
        var sizes = 0
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            let whole = line.rest
            guard line.take("Node"), let node = line.number(), line.take(","),
                let word = line.word(), word.equals("zone"), let zone = line.word()
            else {
                skipped += 1
                continue
            }
            // The constant part of the line identifies the row.
            let key = whole.extracting(first: whole.count - line.rest.count)
            let counts = BuddyInfo.counts(&line)
            guard counts.count > 0,
                let row = table.row(
                    key, labels: { [("node", String(node)), ("zone", zone.string)] })
            else {
                skipped += 1
                continue
            }
            for size in 0..<counts.count { table[row, size] = counts.values[size] }
            // All zones have the same sizes: a shorter line was cut.
            if sizes != 0, counts.count != sizes { skipped += 1 }
            sizes = counts.count
        }
        table.end()
        return skipped
    }

    /// No counts when one is no number or there are too many.
    private static func counts(_ line: inout Cursor) -> (values: [32 of Double], count: Int) {
        var values: [32 of Double] = .init(repeating: 0)
        var count = 0
        while let value = line.field() {
            if count == sizeLimit { return (values, 0) }
            values[count] = Double(value)
            count += 1
        }
        line.skipBlanks()
        return (values, line.isAtEnd ? count : 0)
    }
}
