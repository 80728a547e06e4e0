internal import Kernel

/// Rows that come and go (CPUs, devices, mounts) in constant columns: each cell is a series whose name
/// and labels are rendered once, when the row first appears.
///
/// A collection calls `begin`, then `row` for each row and sets its values, then `end`; after that the
/// columns are written, each under its family. `end` removes rows that were not named since `begin`.
package struct SeriesTable: ~Copyable {
    /// One column: a family, and the labels that tell its cells from others of the same family.
    package struct Column: Sendable {
        package let family: Family
        package let labels: [(name: String, value: String)]

        package init(_ family: Family, labels: [(name: String, value: String)] = []) {
            self.family = family
            self.labels = labels
        }
    }

    /// The value of a cell that has not been set, for which nothing is written: a NaN that no
    /// computation returns.
    private static var absent: Double { Double(bitPattern: 0x7FF8_0000_DEAD_0000) }

    package let columns: [Column]
    /// Further rows are rejected.
    package let rowLimit: Int
    package private(set) var rowCount = 0
    /// Rows rejected since the table was created.
    package private(set) var refusedRows: UInt64 = 0

    // For each row: the key, and for each column the rendered series and its hash.
    private var keys: [[UInt8]] = []
    private var texts: [UInt8] = []
    private var textStarts: [Int] = [0]
    private var identities: [UInt64] = []
    private var values: [Double] = []
    private var seen: [Bool] = []
    // Rows in the order in which they were last named. The kernel rarely changes the order, so the next
    // row is compared with the one that followed last time before it is looked up.
    private var order: [Int] = []
    private var expected = 0
    private var guessed = true
    private var slots: [[UInt8]: Int] = [:]

    package init(_ columns: [Column], rowLimit: Int = 100_000) {
        self.columns = columns
        self.rowLimit = rowLimit
    }

    package mutating func begin() {
        expected = 0
        guessed = true
        for index in seen.indices { seen[index] = false }
    }

    /// The row with this key, its cells unset; nil if the key has been named since `begin` or if there
    /// are too many rows. `labels` is called only for a new row.
    package mutating func row(
        _ key: Span<UInt8>, labels: () -> [(name: String, value: String)]
    ) -> Int? {
        let row: Int
        if expected < order.count, key.equals(keys[order[expected]]) {
            row = order[expected]
        } else {
            guessed = false
            let bytes = key.copied
            if let known = slots[bytes] {
                row = known
            } else {
                guard rowCount < rowLimit else {
                    refusedRows &+= 1
                    return nil
                }
                row = append(bytes, labels: labels())
            }
        }
        if seen[row] { return nil }
        seen[row] = true
        if guessed {
            expected += 1
        } else {
            // The order has changed from here on.
            order.removeSubrange(min(expected, order.count)...)
            order.append(row)
            expected += 1
            guessed = false
        }
        let first = row * columns.count
        for cell in first..<first + columns.count { values[cell] = SeriesTable.absent }
        return row
    }

    package subscript(row: Int, column: Int) -> Double {
        get { values[row * columns.count + column] }
        set { values[row * columns.count + column] = newValue }
    }

    /// Removes the rows that have not been named since `begin`.
    package mutating func end() {
        order.removeSubrange(min(expected, order.count)...)
        if order.count == rowCount { return }
        let kept = order
        var (keys, texts, starts): ([[UInt8]], [UInt8], [Int]) = ([], [], [0])
        var (identities, values): ([UInt64], [Double]) = ([], [])
        slots.removeAll(keepingCapacity: true)
        for (place, row) in kept.enumerated() {
            slots[self.keys[row]] = place
            keys.append(self.keys[row])
            let cells = row * columns.count..<(row + 1) * columns.count
            for cell in cells {
                texts += self.texts[textStarts[cell]..<textStarts[cell + 1]]
                starts.append(texts.count)
            }
            identities += self.identities[cells]
            values += self.values[cells]
        }
        self.keys = keys
        self.texts = texts
        self.textStarts = starts
        self.identities = identities
        self.values = values
        seen = [Bool](repeating: true, count: kept.count)
        order = Array(0..<kept.count)
        rowCount = kept.count
    }

    /// Writes the samples of one column under the family that `page` has begun.
    package func writeSamples(of column: Int, to page: inout Page) {
        let texts = texts.span
        for row in order {
            let cell = row * columns.count + column
            let value = values[cell]
            if value.bitPattern == SeriesTable.absent.bitPattern { continue }
            page.sample(
                texts.extracting(textStarts[cell]..<textStarts[cell + 1]),
                identity: identities[cell], value: value)
        }
    }

    /// Writes columns in order. Adjacent columns of the same family share one header; a family without a
    /// value is left out.
    package func write(_ range: Range<Int>, to page: inout Page) {
        var column = range.lowerBound
        while column < range.upperBound {
            let family = columns[column].family
            var last = column + 1
            while last < range.upperBound, columns[last].family.identity == family.identity {
                last += 1
            }
            if hasValue(in: column..<last) {
                page.begin(family)
                if last - column == 1 {
                    writeSamples(of: column, to: &page)
                } else {
                    writeRows(column..<last, to: &page)
                }
            }
            column = last
        }
    }

    /// Writes every column.
    package func write(to page: inout Page) {
        write(0..<columns.count, to: &page)
    }

    /// Writes several columns of one family row by row.
    private func writeRows(_ range: Range<Int>, to page: inout Page) {
        let texts = texts.span
        for row in order {
            for column in range {
                let cell = row * columns.count + column
                let value = values[cell]
                if value.bitPattern == SeriesTable.absent.bitPattern { continue }
                page.sample(
                    texts.extracting(textStarts[cell]..<textStarts[cell + 1]),
                    identity: identities[cell], value: value)
            }
        }
    }

    private func hasValue(in range: Range<Int>) -> Bool {
        for row in order {
            for column in range
            where values[row * columns.count + column].bitPattern
                != SeriesTable.absent.bitPattern
            {
                return true
            }
        }
        return false
    }

    private mutating func append(
        _ key: [UInt8], labels: [(name: String, value: String)]
    ) -> Int {
        let row = rowCount
        rowCount += 1
        slots[key] = row
        keys.append(key)
        seen.append(false)
        for column in columns {
            let series = Series(column.family, labels: LabelSet(labels + column.labels))
            texts += series.text
            textStarts.append(texts.count)
            identities.append(series.identity)
            values.append(SeriesTable.absent)
        }
        return row
    }
}
