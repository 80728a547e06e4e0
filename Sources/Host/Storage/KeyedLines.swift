internal import Exposition
internal import Kernel

/// Attributes of several lines, each a key, a colon and a number as bcache abbreviates them, maybe
/// with `/sec` or `%` behind.
struct KeyedLines: ~Copyable {
    private let keys: [[UInt8]]
    private var sources: [LabelledAttribute] = []
    private var table: SeriesTable

    /// A gauge per key.
    init(_ keys: [(key: String, name: String, help: String)]) {
        self.keys = keys.map { Array($0.key.utf8) }
        table = SeriesTable(
            keys.map { SeriesTable.Column(Family($0.name, kind: .gauge, help: $0.help)) })
    }

    /// Begins another search for files.
    mutating func begin() {
        sources = []
    }

    mutating func add(
        _ root: Root, file: String, labels: [(name: String, value: String)]
    ) {
        sources.append(LabelledAttribute(root, file: file, labels: labels))
    }

    /// Reads and writes all files. Returns whether a file has been removed.
    mutating func write(_ scrape: inout CollectionContext, to page: inout Page) -> Bool {
        var hasLost = false
        table.begin()
        for source in sources {
            guard source.attribute.read(&scrape) else {
                if source.attribute.isGone { hasLost = true }
                continue
            }
            let key = source.key
            if let row = table.row(key.span, labels: { source.labels }) {
                scrape.skippedLines += parse(scrape.text.bytes, row: row)
            }
        }
        table.end()
        table.write(to: &page)
        return hasLost
    }

    /// Returns the number of lines that could not be used; unknown keys are ignored.
    private mutating func parse(_ text: Span<UInt8>, row: Int) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let key = line.text(before: 0x3A) else {
                skipped += 1
                continue
            }
            for column in keys.indices where key.equals(keys[column]) {
                if let value = KeyedLines.number(line.rest.trimmed) {
                    table[row, column] = value
                } else {
                    skipped += 1
                }
            }
        }
        return skipped
    }

    private static func number(_ text: Span<UInt8>) -> Double? {
        var rest = Cursor(text)
        let number = rest.part(endedBy: rest.rest.offset(of: 0x2F) == nil ? 0x25 : 0x2F)
        return HumanReadableNumber.bcache(number)
    }
}
