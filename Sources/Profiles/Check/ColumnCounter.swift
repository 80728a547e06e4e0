internal import Kernel
internal import Statistics

/// Counts the values of one column against its reference.
final class ColumnCounter {
    /// How many unseen categories are remembered by name; further ones are only counted.
    private static let nameLimit = 1000

    let column: ProfileColumn
    /// Whether the file has the column.
    var isPresent = false
    let numeric: NumericReference?
    private(set) var numericCounts: NumericCounts?
    let categorical: CategoricalReference?
    private(set) var categoricalCounts: CategoricalCounts?
    /// Values that are no number in a numerical column.
    private(set) var typeErrors = 0
    private(set) var unseenNames: [[UInt8]: Int] = [:]
    /// Values of a column without statistics.
    private var otherValues = 0
    /// Rows that were counted, where they are not those of the file.
    private(set) var ownRows: Int?

    init(_ column: ProfileColumn) {
        self.column = column
        var numeric: NumericReference?
        var categorical: CategoricalReference?
        switch column.content {
        case .none: break
        case .numerical(let summary, _, _): numeric = summary.map(NumericReference.init)
        case .categorical(let summary): categorical = CategoricalReference(summary)
        }
        self.numeric = numeric
        self.categorical = categorical
        numericCounts = numeric.map(NumericCounts.init)
        categoricalCounts = categorical.map(CategoricalCounts.init)
    }

    /// A column whose values were counted elsewhere.
    init(_ counted: CountedColumn) {
        column = counted.column
        isPresent = counted.rows > 0
        ownRows = counted.rows
        numeric = counted.numeric
        numericCounts = counted.numericCounts
        categorical = counted.categorical
        categoricalCounts = counted.categoricalCounts
        typeErrors = counted.typeErrors
        unseenNames = counted.unseenNames
        otherValues = counted.otherValues
    }

    /// Rows with a value of the column's type, infinities too.
    var values: Int {
        let numbers = numericCounts.map { $0.rows - $0.missing } ?? 0
        return Int(numbers + (categoricalCounts?.valueCount ?? 0)) + otherValues
    }

    /// Infinite values.
    var infinite: Int {
        Int((numericCounts?.positiveInfinite ?? 0) + (numericCounts?.negativeInfinite ?? 0))
    }

    @inline(__always)
    func addField(_ text: Span<UInt8>) {
        if let numeric {
            if let number = NumberText.field(text) {
                if !number.isNaN { numericCounts?.add(number + 0.0, to: numeric) }
            } else {
                typeErrors += 1
            }
        } else {
            addText(text)
        }
    }

    /// A text that was declared to be one.
    func addText(_ text: Span<UInt8>) {
        if numeric != nil {
            typeErrors += 1
        } else if let categorical {
            if categoricalCounts?.add(text, to: categorical) == .unseen { countUnseen(text) }
        } else {
            otherValues += 1
        }
    }

    func addNumber(_ number: Double) {
        if let numeric {
            numericCounts?.add(number, to: numeric)
        } else {
            addText(Array(NumberText.shortest(number).utf8).span)
        }
    }

    private func countUnseen(_ text: Span<UInt8>) {
        let name = text.copied
        if unseenNames[name] != nil || unseenNames.count < ColumnCounter.nameLimit {
            unseenNames[name, default: 0] += 1
        }
    }
}
