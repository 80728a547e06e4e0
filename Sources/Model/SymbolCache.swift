internal import Observation

/// A cache from the symbols of a batch to the numbers that a `FeatureCounters` gives them. Each name
/// is hashed once per run, not once per row.
struct SymbolCache: Sendable {
    /// The memory for more names than this is not kept for the next batch.
    private static let keptNames = 4096
    /// A name that has no number and gets none.
    static let refused: Int32 = -2

    // The run's number in the upper half: a cell of an earlier run is empty without being cleared.
    private var cells: [UInt64] = []
    private var run: UInt32 = 0
    /// Whether names beyond the limit get no number.
    var checksLimit = true
    /// Names of the run that got no number because the limit was reached.
    private(set) var dropped: [Symbol] = []

    /// Empties the cache. `count` is the number of names of the batch.
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

    /// -1 for a name that is not in the cache.
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

/// Flags of the rows of a batch or of the events of one kind. They take no memory until the first one
/// is set, which is rare.
struct RowFlags: Sendable {
    static let refused: UInt8 = 1
    static let invalid: UInt8 = 2
    /// The row's reason is counted as `other`: the limit of reasons was reached.
    static let otherReason: UInt8 = 4
    /// The metric's unit is a label of its series.
    static let unitLabel: UInt8 = 8
    /// The row's finish reason is counted as `other`: the limit of finish reasons was reached.
    static let otherFinishReason: UInt8 = 16

    private var marks: [UInt8] = []
    private(set) var count = 0
    private(set) var isEmpty = true

    /// Clears all flags. `count` is the number of rows.
    mutating func begin(_ count: Int) {
        self.count = count
        isEmpty = true
    }

    /// Sets a flag. Returns whether it was clear.
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

    /// Whether all of these rows have the flag.
    func haveAll(_ mark: UInt8, rows: Range<Int>) -> Bool {
        !isEmpty && rows.allSatisfy { marks[$0] & mark != 0 }
    }
}
