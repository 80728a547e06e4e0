internal import Exposition
internal import Kernel

/// The statistics files of SunRPC (/proc/net/rpc/*): lines of a name and counters, some with the
/// number of counters in front.
struct RPCTable: ~Copyable {
    /// A line that is known.
    struct Line {
        let name: String
        /// Fewer counters than this make the line unusable.
        let fewest: Int
        /// The first number is the count of the others.
        var isCounted = false
        /// The values after the known counters are not counters.
        var hasOtherEnd = false
    }

    /// A sample: which counter of which line it is.
    private struct Cell {
        let line: Int
        let column: Int
        let series: Series
    }

    private enum State {
        case missing, usable, unusable
    }

    private static var width: Int { 96 }

    private let lines: [Line]
    private let names: [[UInt8]]
    private var members: [(family: Family, cells: [Cell])] = []
    private var states: [State]
    private var values: [UInt64]

    init(_ lines: [Line]) {
        self.lines = lines
        names = lines.map { Array($0.name.utf8) }
        states = lines.map { _ in .missing }
        values = [UInt64](repeating: 0, count: lines.count * RPCTable.width)
    }

    /// Samples of one family, in the order of the page: each a line, a column and labels.
    mutating func add(
        _ family: Family,
        cells: [(line: String, column: Int, labels: [(name: String, value: String)])]
    ) {
        members.append(
            (
                family,
                cells.map { cell in
                    let line = lines.firstIndex { $0.name == cell.line }
                    precondition(line != nil && cell.column < RPCTable.width)
                    return Cell(
                        line: line ?? 0, column: cell.column,
                        series: Series(family, labels: LabelSet(cell.labels)))
                }
            ))
    }

    /// Returns the number of lines that could not be used; unknown names are ignored.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        for index in states.indices { states[index] = .missing }
        for index in values.indices { values[index] = 0 }
        var skipped = 0
        var cursor = Cursor(text)
        while var line = cursor.line() {
            guard let name = line.word() else {
                skipped += 1
                continue
            }
            guard let index = place(of: name) else {
                // A name alone is no line of any kernel.
                if line.word() == nil { skipped += 1 }
                continue
            }
            if states[index] == .missing, fill(index, line: &line) {
                states[index] = .usable
            } else {
                if states[index] == .missing { states[index] = .unusable }
                skipped += 1
            }
        }
        return skipped
    }

    private func place(of name: Span<UInt8>) -> Int? {
        for index in names.indices where name.equals(names[index]) { return index }
        return nil
    }

    private mutating func fill(_ index: Int, line: inout Cursor) -> Bool {
        let shape = lines[index]
        var announced: UInt64?
        if shape.isCounted {
            guard let count = line.field() else { return false }
            announced = count
        }
        let first = index * RPCTable.width
        var count = 0
        while let value = line.field() {
            if count < RPCTable.width { values[first + count] = value }
            count += 1
            if shape.hasOtherEnd, count == shape.fewest { return true }
        }
        line.skipBlanks()
        if let announced, announced != UInt64(count) { return false }
        return line.isAtEnd && count >= shape.fewest
    }

    /// Writes the samples whose lines are usable; those of lines that the kernel does not have are
    /// 0, as that version of the protocol was not spoken.
    func write(to page: inout Page) {
        for (family, cells) in members {
            var hasBegun = false
            for cell in cells where states[cell.line] != .unusable {
                if !hasBegun {
                    page.begin(family)
                    hasBegun = true
                }
                page.sample(
                    cell.series, value: Double(values[cell.line * RPCTable.width + cell.column]))
            }
        }
    }
}
