internal import Observation

/// What the names of a batch mean here, found out once per run: a number by the name's number.
struct SymbolCache: Sendable {
    /// Names beyond this many cost their memory again in the next batch.
    private static let keptNames = 4096
    /// Stands for a name that got no number.
    static let refused: Int32 = -2

    // The run's number in the upper half, what the name means in the lower.
    private var cells: [UInt64] = []
    private var run: UInt32 = 0
    /// Whether names beyond the limit get no number.
    var checksLimit = true
    /// Names of the run that got no number because a limit was reached.
    private(set) var dropped: [Symbol] = []

    /// Forgets everything. `count` is how many names the batch has.
    mutating func begin(_ count: Int) {
        if cells.count > SymbolCache.keptNames, count <= SymbolCache.keptNames { cells = [] }
        run &+= 1
        dropped.removeAll(keepingCapacity: true)
        if run == 0 {
            cells = []
            run = 1
        }
        if cells.count < count {
            cells += repeatElement(0, count: count - cells.count)
        }
    }

    /// Leaves a name without a number for the rest of the run.
    mutating func drop(_ name: Symbol) {
        self[name] = SymbolCache.refused
        dropped.append(name)
    }

    /// -1 for a name of which nothing is known.
    subscript(name: Symbol) -> Int32 {
        @inline(__always)
        get {
            let cell = cells[Int(name.index)]
            return cell >> 32 == UInt64(run)
                ? Int32(truncatingIfNeeded: cell) : -1
        }
        @inline(__always)
        set {
            cells[Int(name.index)] =
                UInt64(run) << 32 | UInt64(UInt32(bitPattern: newValue))
        }
    }
}

/// What is known of the rows of a batch, or of the announcements of one kind; nothing is kept as long
/// as all are well.
struct RowFlags: Sendable {
    static let refused: UInt8 = 1
    static let invalid: UInt8 = 2
    /// The row's reason counts as `other`: the limit of reasons was reached.
    static let otherReason: UInt8 = 4
    /// The metric's unit is a label of its series.
    static let unitLabel: UInt8 = 8

    private var marks: [UInt8] = []
    private(set) var count = 0
    private(set) var isEmpty = true

    /// Forgets everything. `count` is how many rows there are.
    mutating func begin(_ count: Int) {
        self.count = count
        isEmpty = true
    }

    /// Marks a row. Returns whether it lacked the mark.
    mutating func insert(_ mark: UInt8, row: Int) -> Bool {
        if isEmpty {
            marks.removeAll(keepingCapacity: true)
            marks += repeatElement(0, count: count)
            isEmpty = false
        }
        if marks[row] & mark != 0 { return false }
        marks[row] |= mark
        return true
    }

    @inline(__always)
    func has(_ mark: UInt8, row: Int) -> Bool {
        !isEmpty && marks[row] & mark != 0
    }

    /// Whether all of these rows have the mark.
    func haveAll(_ mark: UInt8, rows: Range<Int>) -> Bool {
        !isEmpty && rows.allSatisfy { marks[$0] & mark != 0 }
    }
}
