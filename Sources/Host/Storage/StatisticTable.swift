internal import Exposition
internal import Kernel

/// Rows whose columns the kernel names: each name is a family. A name that is met for the first
/// time makes the table larger, and the pass over the rows is made again.
struct StatisticTable: ~Copyable {
    /// Names beyond this many are not shown.
    static var nameLimit: Int { 1024 }

    private let family: (String) -> Family?
    private var names: [[UInt8]] = []
    private var columns: [SeriesTable.Column] = []
    private var slots: [[UInt8]: Int] = [:]
    private var table = SeriesTable([])
    private var hasGrown = false

    /// `family` makes a family of a name; nil for a name that cannot be one.
    init(family: @escaping (String) -> Family?) {
        self.family = family
    }

    /// A pass begins.
    mutating func begin() {
        if hasGrown { table = SeriesTable(columns) }
        hasGrown = false
        table.begin()
    }

    /// A pass ends. False when it must be made again.
    mutating func end() -> Bool {
        table.end()
        return !hasGrown
    }

    mutating func row(
        _ key: Span<UInt8>, labels: () -> [(name: String, value: String)]
    ) -> Int? {
        table.row(key, labels: labels)
    }

    /// Sets a value in a row. `guess` is the expected column, which is right as long as the kernel
    /// keeps its order. Returns the column, or nil if no column has this name.
    @discardableResult
    mutating func set(_ row: Int, name: Span<UInt8>, value: Double, guess: Int) -> Int? {
        guard let column = column(name, guess: guess) else { return nil }
        // In the pass in which the name was met the table has no such column yet.
        if column < table.columns.count { table[row, column] = value }
        return column
    }

    private mutating func column(_ name: Span<UInt8>, guess: Int) -> Int? {
        if guess < names.count, name.equals(names[guess]) { return guess }
        let key = name.copied
        if let known = slots[key] { return known }
        guard names.count < StatisticTable.nameLimit, let family = family(name.string) else {
            return nil
        }
        slots[key] = names.count
        names.append(key)
        columns.append(SeriesTable.Column(family))
        hasGrown = true
        return names.count - 1
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }
}
