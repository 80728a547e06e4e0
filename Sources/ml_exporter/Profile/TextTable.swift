/// Rows of text under a header, in columns as wide as their widest cell.
struct TextTable {
    private let header: [String]
    private let isRight: [Bool]
    private var rows: [[String]] = []

    /// `right` are the numbers of the columns that are aligned to the right.
    init(_ header: [String], right: Set<Int> = []) {
        self.header = header
        isRight = header.indices.map(right.contains)
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == header.count)
        rows.append(row)
    }

    /// The lines, without blanks at their ends.
    var text: String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "  " : "") + (isRight[column] ? blanks + cell : cell + blanks)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
