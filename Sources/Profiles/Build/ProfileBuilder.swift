internal import Kernel
internal import Statistics

/// Makes a profile of a file of rows in bounded memory. More memory gives the same profile byte for byte.
package struct ProfileBuilder: RowSink {
    private let options: BuildOptions
    private let columns: BuilderColumns
    /// The same columns, where the fields of every row find them without a detour.
    private var builders: [ColumnBuilder] = []
    private var messages: [String] = []

    private init(_ options: BuildOptions) {
        precondition(BuildOptions.isPossible(bins: options.bins))
        precondition((1...ProfileLimits.categories).contains(options.maximumCategories))
        self.options = options
        columns = BuilderColumns(options)
    }

    /// Reads all rows of a file and makes their profile, with sentences about what was decided on the way.
    package static func build(
        _ input: InputFile, format: RowReader.Format, options: BuildOptions
    ) throws(InputError) -> (profile: Profile, messages: [String]) {
        var builder = ProfileBuilder(options)
        let rows = try RowReader.read(input, format: format, into: &builder)
        try builder.checkNames(input)
        if builder.columns.all.contains(where: { $0.state == .postponed }) {
            try builder.readAgain(input, format: format)
        }
        let profile = try builder.profile(rows: rows, of: input, format: format)
        return (profile, builder.messages)
    }

    private func checkNames(_ input: InputFile) throws(InputError) {
        let names = Set(columns.all.map { Array($0.name.utf8) })
        for (flag, column) in options.named where !names.contains(Array(column.utf8)) {
            throw .content(
                "\(input.name): there is no column \(Quoted.text(column)) (--\(flag))")
        }
    }

    private mutating func readAgain(
        _ input: InputFile, format: RowReader.Format
    ) throws(InputError) {
        for column in columns.all where column.state == .postponed {
            column.restart()
            messages.append(
                "column \(Quoted.text(column.name)) is taken as categorical: it begins with numbers, but"
                    + " \(column.firstText ?? "a later value") is not a number")
        }
        input.rewind()
        var pass = SecondPass(columns)
        _ = try RowReader.read(input, format: format, into: &pass)
    }

    // MARK: Rows

    mutating func addColumn(_ name: String) throws(ValueError) -> Int {
        if columns.all.count == ProfileLimits.profileColumns {
            throw ValueError("more than \(ProfileLimits.profileColumns) columns")
        }
        if name.utf8.count > ProfileLimits.nameBytes {
            throw ValueError("the name of a column is longer than \(ProfileLimits.nameBytes) bytes")
        }
        let number = columns.add(name, options: options)
        builders = columns.all
        return number
    }

    @inline(__always)
    mutating func addField(_ text: Span<UInt8>, column: Int) throws(ValueError) {
        try builders[column].addField(text)
    }

    mutating func addString(_ text: String, column: Int) throws(ValueError) {
        try builders[column].addText(Array(text.utf8).span)
    }

    mutating func addNumber(_ number: Double, column: Int) throws(ValueError) {
        builders[column].addJSONNumber(number)
    }

    mutating func endRow() throws(ValueError) {
        if columns.budget.isExceeded { try columns.spill() }
    }

    mutating func addBoolean(_ value: Bool, column: Int) throws(ValueError) {
        try addString(value ? "true" : "false", column: column)
    }

    mutating func addNested(column: Int) throws(ValueError) {
        if columns.all[column].state == .skipped { return }
        throw ValueError(
            "column \(Quoted.text(columns.all[column].name)): expected a number, a string, a boolean or null"
        )
    }

    // MARK: The profile

    private mutating func profile(
        rows: Int, of input: InputFile, format: RowReader.Format
    ) throws(InputError) -> Profile {
        var finished: [ProfileColumn] = []
        for column in columns.all {
            try columns.makeRoom(for: column)
            let result = try column.column(rows: rows, options: options)
            column.release()
            if result.role != column.role {
                messages.append(
                    "column \(Quoted.text(column.name)) is taken as id: most of its texts occur once"
                        + " (--categorical \(column.name) watches it all the same)")
            }
            finished.append(result)
        }
        var profile = Profile(
            model: options.model, modelVersion: options.modelVersion, rows: rows, columns: finished)
        profile.positiveClass = options.positiveClass
        profile.task = ProfileBuilder.task(of: finished, options: options)
        profile.source = Profile.Source(
            kind: format == .csv ? .csv : .jsonl, path: input.name == "-" ? nil : input.name,
            rows: rows, sha256: input.sha256)
        try fit(&profile, of: input)
        return profile
    }

    /// The task of the model according to the target, else the prediction; nil if it can be either.
    private static func task(
        of columns: [ProfileColumn], options: BuildOptions
    ) -> Profile.Task? {
        guard
            let column = columns.first(where: { $0.role == .target })
                ?? columns.first(where: { $0.role == .prediction })
        else { return options.positiveClass == nil ? nil : .binary }
        switch column.content {
        case .none, .numerical(nil, _, _): return nil
        case .categorical(let summary):
            return summary.distinctCount <= 2 ? .binary : .multiclass
        case .numerical(let summary?, _, _):
            // A few values may be classes that are numbers.
            return summary.distinctCount > NumericSummary.discreteLimit ? .regression : nil
        }
    }

    /// Drops hashes of categories, the largest column's first, until the profile is small enough.
    private mutating func fit(_ profile: inout Profile, of input: InputFile) throws(InputError) {
        // A hash takes 16 digits, quotes and a comma.
        let hashBytes = 19
        var size = profile.fileText.count
        while size > options.profileBytes {
            var largest: (index: Int, hashes: Int)?
            for (index, column) in profile.columns.enumerated() {
                if case .categorical(let summary) = column.content,
                    let count = summary.hashes?.count, count > largest?.hashes ?? 0
                {
                    largest = (index, count)
                }
            }
            guard let largest,
                case .categorical(var summary) = profile.columns[largest.index].content
            else {
                throw .content(
                    "\(input.name): the profile would be larger than \(options.profileBytes) bytes"
                )
            }
            summary.hashes = nil
            size -= largest.hashes * hashBytes
            profile.columns[largest.index].content = .categorical(summary)
            messages.append(
                "column \(Quoted.text(profile.columns[largest.index].name)): the hashes of its"
                    + " \(largest.hashes) rarer categories are left out, for the profile would be larger than"
                    + " \(options.profileBytes) bytes; its unseen categories are not counted")
        }
    }
}
