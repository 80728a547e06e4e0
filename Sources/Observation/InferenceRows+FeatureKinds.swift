internal import Kernel
internal import Wire

/// The features of rows in records: which rows have them and of which kind, and no value. Counting them
/// again needs no more.
///
/// Per run and feature the rows are stretches of one kind, so that a column of numbers takes a few bytes.
extension InferenceRows {
    /// More entries than a push can have: a damaged record must not take memory without end.
    private static let entryLimit = 1 << 22

    /// What a record says of a value. The numbers never change their meaning.
    private enum Kind: UInt8 {
        case number = 0
        case text = 1
        case notFiniteWord = 2
        case notFinite = 3
        case missing = 4
        case emptyText = 5

        init(_ value: Value) {
            switch value.kind {
            case .number: self = .number
            case .text: self = value.text.isEmpty ? .emptyText : .text
            case .notFiniteWord: self = .notFiniteWord
            case .notFinite: self = .notFinite
            case .missing: self = .missing
            }
        }

        /// A value of this kind; `text` is any that is not empty.
        func value(_ text: StringRef) -> Value {
            switch self {
            case .number: Value(0)
            case .text: Value(text)
            case .notFiniteWord: Value(text, isNotFinite: true)
            case .notFinite: .notFinite
            case .missing: .missing
            case .emptyText: Value(.empty)
            }
        }
    }

    static func writeFeatureKinds(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(count: batch.runs.count)
        var groups = FeatureGroups(names: batch.nameCount)
        for run in batch.runs.indices {
            groups.fill(batch, run: run)
            record.write(count: groups.features.count)
            for (number, feature) in groups.features.enumerated() {
                record.write(feature)
                let stretches = stretches(groups, number: number, batch: batch)
                record.write(count: stretches.count)
                var next = batch.runs[run].row
                for stretch in stretches {
                    record.write(count: stretch.row - next)
                    record.write(count: stretch.length)
                    record.write(UInt64(stretch.kind.rawValue))
                    next = stretch.row + stretch.length
                }
            }
        }
    }

    /// Consecutive rows whose values are of one kind.
    private struct Stretch {
        let row: Int
        var length: Int
        let kind: Kind
    }

    private static func stretches(
        _ groups: FeatureGroups, number: Int, batch: borrowing Batch
    ) -> [Stretch] {
        var stretches: [Stretch] = []
        for place in groups.columns[number] {
            let rows = batch.numberColumns[place].rows
            stretches.append(Stretch(row: rows.lowerBound, length: rows.count, kind: .number))
        }
        let columns = stretches.count
        for place in groups.entries[groups.range(number)] {
            let entry = batch.features[Int(place)]
            let (row, kind) = (Int(entry.row), Kind(entry.value))
            if stretches.count > columns, let last = stretches.last, last.kind == kind,
                last.row + last.length == row
            {
                stretches[stretches.count - 1].length += 1
            } else {
                stretches.append(Stretch(row: row, length: 1, kind: kind))
            }
        }
        if columns > 0, stretches.count > 1 { stretches.sort { $0.row < $1.row } }
        return stretches
    }

    /// Reads the kinds of the features of the batch's runs.
    static func readFeatureKinds(_ record: inout ByteReader, into batch: inout Batch) {
        let anyText = batch.store("?")
        let runs = record.count()
        if runs != batch.runs.count { return record.damage() }
        for run in 0..<runs {
            for _ in 0..<record.count() {
                let feature = batch.name(&record, required: true)
                var next = batch.runs[run].row
                for _ in 0..<record.count() {
                    let row = next + record.number(below: batch.items.count - next)
                    let length = record.number(below: batch.items.count - row + 1)
                    let kind = Kind(rawValue: UInt8(record.number(below: 6)))
                    guard let kind, !record.isDamaged,
                        batch.features.count + length <= entryLimit
                    else {
                        record.damage()
                        return
                    }
                    next = row + length
                    let value = kind.value(anyText)
                    for row in row..<next { batch.append(feature: feature, row: row, value: value) }
                }
            }
        }
    }
}

/// The places of a run's features, by feature in the order in which they are counted: those of columns of
/// numbers first.
private struct FeatureGroups {
    private(set) var features: [Symbol] = []
    /// By feature: places in `Batch.numberColumns`.
    private(set) var columns: [[Int]] = []
    /// Places in `Batch.features`, those of one feature after the other.
    private(set) var entries: [Int32] = []
    private var ends: [Int] = []
    /// By symbol: the number of the feature; -1 for none.
    private var numbers: [Int32]

    init(names: Int) {
        numbers = [Int32](repeating: -1, count: names)
    }

    func range(_ feature: Int) -> Range<Int> {
        (feature == 0 ? 0 : ends[feature - 1])..<ends[feature]
    }

    mutating func fill(_ batch: borrowing Batch, run: Int) {
        for feature in features { numbers[Int(feature.index)] = -1 }
        features.removeAll(keepingCapacity: true)
        columns.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        for place in batch.numberColumns(of: run) {
            columns[number(of: batch.numberColumns[place].feature)].append(place)
        }
        let places = batch.features(of: run)
        var counts = [Int](repeating: 0, count: features.count)
        for place in places {
            let number = number(of: batch.features[place].feature)
            if number == counts.count { counts.append(0) }
            counts[number] += 1
        }
        var total = 0
        var starts: [Int] = []
        for count in counts {
            starts.append(total)
            total += count
            ends.append(total)
        }
        entries += repeatElement(0, count: total)
        for place in places {
            let number = Int(numbers[Int(batch.features[place].feature.index)])
            entries[starts[number]] = Int32(place)
            starts[number] += 1
        }
    }

    private mutating func number(of feature: Symbol) -> Int {
        let index = Int(feature.index)
        if numbers[index] < 0 {
            numbers[index] = Int32(features.count)
            features.append(feature)
            columns.append([])
        }
        return Int(numbers[index])
    }
}
