internal import Kernel

/// The columns of a build, which share memory and a temporary file.
final class BuilderColumns {
    private(set) var all: [ColumnBuilder] = []
    let budget: MemoryBudget
    private let folder: String
    private var file: SpillFile?

    init(_ options: BuildOptions) {
        budget = MemoryBudget(limit: options.memoryLimit)
        folder = options.temporaryFolder
    }

    /// Returns the number of the new column.
    func add(_ name: String, options: BuildOptions) -> Int {
        all.append(
            ColumnBuilder(
                name, role: options.role(of: name), forced: options.type(of: name), budget: budget))
        return all.count - 1
    }

    /// Moves the largest column into the temporary file.
    @inline(never)
    func spill() throws(ValueError) {
        do throws(InputError) {
            _ = try spillLargest(except: nil)
        } catch {
            throw ValueError(error.description)
        }
    }

    /// Frees memory of other columns, so that this one can be sorted in one go where that is possible.
    func makeRoom(for column: ColumnBuilder) throws(InputError) {
        let needed = column.numbers.count * 16
        while budget.left < needed {
            if try !spillLargest(except: column) { break }
        }
    }

    /// Returns whether there was anything to spill.
    private func spillLargest(except kept: ColumnBuilder?) throws(InputError) -> Bool {
        let others = all.filter { $0 !== kept && $0.bytes > 0 }
        guard let largest = others.max(by: { $0.bytes < $1.bytes }) else { return false }
        let target: SpillFile
        if let file { target = file } else { target = try SpillFile(folder: folder) }
        file = target
        try largest.spill(to: target)
        return true
    }
}

/// Gathers, as text, the columns that began with numbers and turned out to be none.
struct SecondPass: RowSink {
    private let columns: BuilderColumns
    /// Whether a column takes part.
    private let isOpen: [Bool]
    private var next = 0

    init(_ columns: BuilderColumns) {
        self.columns = columns
        isOpen = columns.all.map { $0.firstText != nil }
    }

    mutating func addColumn(_ name: String) -> Int {
        next += 1
        return next - 1
    }

    mutating func addField(_ text: Span<UInt8>, column: Int) throws(ValueError) {
        if !isOpen[column] { return }
        try columns.all[column].addText(text)
    }

    mutating func endRow() throws(ValueError) {
        if columns.budget.isExceeded { try columns.spill() }
    }

    mutating func addString(_ text: String, column: Int) throws(ValueError) {
        try addField(Array(text.utf8).span, column: column)
    }

    mutating func addNumber(_ number: Double, column: Int) throws(ValueError) {
        try addString(NumberText.shortest(number), column: column)
    }

    mutating func addBoolean(_ value: Bool, column: Int) throws(ValueError) {
        try addString(value ? "true" : "false", column: column)
    }

    func addNested(column: Int) {}
}
