internal import Kernel
package import Statistics

/// Counts the rows of a file against a profile.
package struct ProfileCheck: RowSink {
    private let counters: [ColumnCounter]
    private let places: [[UInt8]: Int]
    /// Number of the counter by number of the file's column; nil where the profile has none.
    private var targets: [ColumnCounter?] = []
    private var extra: [String] = []

    private init(_ profile: Profile) {
        counters = profile.columns.map(ColumnCounter.init)
        var places: [[UInt8]: Int] = [:]
        for (index, column) in profile.columns.enumerated() {
            places[Array(column.name.utf8)] = index
        }
        self.places = places
    }

    /// Reads all rows of a file and compares them with the reference.
    package static func check(
        _ input: InputFile, format: RowReader.Format, against profile: Profile,
        rule: DriftRule = DriftRule()
    ) throws(InputError) -> CheckReport {
        var check = ProfileCheck(profile)
        let rows = try RowReader.read(input, format: format, into: &check)
        if !check.counters.contains(where: \.isPresent) {
            throw .content(
                "\(input.name): none of its columns is in the profile, such as"
                    + " \(Quoted.text(profile.columns[0].name))")
        }
        return CheckReport(
            profile, rows: rows, counters: check.counters, extraColumns: check.extra, rule: rule)
    }

    mutating func addColumn(_ name: String) -> Int {
        if let place = places[Array(name.utf8)] {
            counters[place].isPresent = true
            targets.append(counters[place])
        } else {
            if extra.count < ProfileLimits.profileColumns { extra.append(name) }
            targets.append(nil)
        }
        return targets.count - 1
    }

    @inline(__always)
    mutating func addField(_ text: Span<UInt8>, column: Int) {
        targets[column]?.addField(text)
    }

    mutating func addString(_ text: String, column: Int) {
        targets[column]?.addText(Array(text.utf8).span)
    }

    mutating func addNumber(_ number: Double, column: Int) {
        targets[column]?.addNumber(number)
    }

    mutating func addBoolean(_ value: Bool, column: Int) {
        addString(value ? "true" : "false", column: column)
    }

    mutating func addNested(column: Int) throws(ValueError) {
        guard let counter = targets[column], counter.column.role.isCounted else { return }
        throw ValueError(
            "column \(Quoted.text(counter.column.name)): expected a number, a string, a boolean or null"
        )
    }
}
