internal import Exposition
internal import Kernel

/// Attributes of several lines, each a word and numbers: `lz4  48.9G  71.2G`. The word is a label,
/// the numbers are the columns of a table.
struct WordTable: ~Copyable {
    /// What the lines look like. In sections the word ends at a colon, maybe with the number right
    /// behind it.
    struct Shape {
        /// The label that the word is.
        let label: String
        /// The first line names the columns.
        var skipsHead = false
        /// A line of one word and a colon begins a section whose name is this label.
        var section: String?
        /// Only the lines behind the one that begins like this count, up to the next section.
        var onlySection: String?
    }

    private let shape: Shape
    private var sources: [LabelledAttribute] = []
    private var table: SeriesTable
    private var key: [UInt8] = []

    init(_ shape: Shape, columns: [SeriesTable.Column]) {
        self.shape = shape
        table = SeriesTable(columns)
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

    /// Reads and writes all files.
    mutating func write(_ scrape: inout CollectionContext, to page: inout Page) {
        table.begin()
        for source in sources where source.attribute.read(&scrape) {
            scrape.skippedLines += parse(scrape.text.bytes, of: source.key, labels: source.labels)
        }
        table.end()
        table.write(to: &page)
    }

    /// Returns the lines that could not be used.
    private mutating func parse(
        _ text: Span<UInt8>, of file: [UInt8], labels: [(name: String, value: String)]
    ) -> Int {
        var skipped = 0
        var section: String?
        var lines = Cursor(text)
        if shape.skipsHead { _ = lines.line() }
        while let line = lines.line() {
            let words = line.rest.trimmed
            if words.isEmpty { continue }
            if shape.section != nil, words[words.count - 1] == 0x3A {
                section = words.extracting(first: words.count - 1).string
                continue
            }
            if let only = shape.onlySection, line.rest[0] != 0x20, line.rest[0] != 0x09 {
                section = words.string.hasPrefix(only) ? only : nil
                continue
            }
            if shape.section != nil || shape.onlySection != nil, section == nil { continue }
            let inSection = shape.section.flatMap { name in section.map { (name, $0) } }
            if !show(words, file: file, labels: labels + (inSection.map { [$0] } ?? [])) {
                skipped += 1
            }
        }
        return skipped
    }

    private mutating func show(
        _ words: Span<UInt8>, file: [UInt8], labels: [(name: String, value: String)]
    ) -> Bool {
        var line = Cursor(words)
        let hasSections = shape.section != nil || shape.onlySection != nil
        guard var word = hasSections ? line.text(before: 0x3A)?.trimmed : line.word(),
            !word.isEmpty
        else { return false }
        if word[word.count - 1] == 0x3A { word = word.extracting(first: word.count - 1) }
        var values: [2 of Double] = [0, 0]
        let count = table.columns.count
        for column in 0..<count {
            guard let text = line.word(), let value = HumanReadableNumber.bcachefs(text) else {
                return false
            }
            values[column] = value
        }
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: file)
        for (_, value) in labels {
            key.append(0)
            key.append(contentsOf: value.utf8)
        }
        key.append(0)
        for index in 0..<word.count { key.append(word[index]) }
        let full = key
        let label = shape.label
        guard let row = table.row(full.span, labels: { labels + [(label, word.string)] }) else {
            return false
        }
        for column in 0..<count { table[row, column] = values[column] }
        return true
    }
}
