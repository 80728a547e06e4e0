internal import Exposition
internal import Kernel

/// Rows whose columns the kernel names: each name is a family. A name that is met for the first
/// time makes the table larger, and the pass over the rows is made again.
struct StatisticTable: ~Copyable {
    /// Names beyond this many are not shown.
    static var nameLimit: Int { 1024 }

    private let family: (String) -> Family?
    private var names = NameOrder()
    /// By the numbers of `names`.
    private var columns: [SeriesTable.Column] = []
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

    /// The row with this key, whose values follow.
    mutating func row(
        _ key: Span<UInt8>, labels: () -> [(name: String, value: String)]
    ) -> Int? {
        names.begin()
        return table.row(key, labels: labels)
    }

    /// Sets the next value of a row. Returns false if its name cannot be a family's.
    mutating func set(_ row: Int, name: Span<UInt8>, value: Double) -> Bool {
        guard let column = column(name) else { return false }
        // In the pass in which the name was met the table has no such column yet.
        if column < table.columns.count { table[row, column] = value }
        return true
    }

    private mutating func column(_ name: Span<UInt8>) -> Int? {
        if let known = names.find(name) { return known }
        guard names.count < StatisticTable.nameLimit, let family = family(name.string) else {
            return nil
        }
        columns.append(SeriesTable.Column(family))
        hasGrown = true
        return names.append(name)
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }
}
