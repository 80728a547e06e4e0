internal import Kernel

/// What takes the values of rows, column by column.
protocol RowSink {
    /// A column appears; the result is the number that its values come with.
    mutating func addColumn(_ name: String) throws(ValueError) -> Int
    /// A field of a CSV file; its type depends on the column.
    mutating func addField(_ text: Span<UInt8>, column: Int) throws(ValueError)
    /// A JSON string.
    mutating func addString(_ text: String, column: Int) throws(ValueError)
    /// A JSON number.
    mutating func addNumber(_ number: Double, column: Int) throws(ValueError)
    /// A JSON boolean.
    mutating func addBoolean(_ value: Bool, column: Int) throws(ValueError)
    /// A JSON array or object.
    mutating func addNested(column: Int) throws(ValueError)
    /// The row is complete.
    mutating func endRow() throws(ValueError)
}

extension RowSink {
    mutating func endRow() {}
}

/// Reads the rows of a file into a sink. Missing values (an empty field, null, no member) are not added.
package enum RowReader {
    /// The formats of rows.
    package enum Format: String, Sendable {
        case csv, jsonl
    }

    /// Returns the number of rows; a file without any is an error.
    static func read<Sink: RowSink>(
        _ input: InputFile, format: Format, into sink: inout Sink
    ) throws(InputError) -> Int {
        let rows =
            switch format {
            case .csv: try readCSV(input, into: &sink)
            case .jsonl: try readLines(input, into: &sink)
            }
        if rows == 0 { throw .content("\(input.name): there are no rows") }
        return rows
    }

    // MARK: CSV

    private static func readCSV<Sink: RowSink>(
        _ input: InputFile, into sink: inout Sink
    ) throws(InputError) -> Int {
        var reader = CSVReader(input)
        guard try reader.readRecord() else { throw .content("\(input.name): the file is empty") }
        var names: [[UInt8]: Int] = [:]
        var columns: [Int] = []
        for index in 0..<reader.fieldCount {
            let name = reader.field(index).copied
            if name.isEmpty {
                throw reader.error(field: index, sentence: "a column without a name")
            }
            let text = String(decoding: name, as: UTF8.self)
            if let first = names.updateValue(index, forKey: name) {
                throw reader.error(
                    field: index,
                    sentence:
                        "column \(Quoted.text(text)) occurs twice, as number \(first + 1) and \(index + 1)"
                )
            }
            do throws(ValueError) {
                columns.append(try sink.addColumn(text))
            } catch {
                throw reader.error(field: index, sentence: error.sentence)
            }
        }
        var rows = 0
        while try reader.readRecord() {
            for index in 0..<columns.count {
                do throws(ValueError) {
                    let text = reader.field(index)
                    if !text.isEmpty { try sink.addField(text, column: columns[index]) }
                } catch {
                    throw reader.error(field: index, sentence: error.sentence)
                }
            }
            do throws(ValueError) {
                try sink.endRow()
            } catch {
                throw reader.error(field: 0, sentence: error.sentence)
            }
            rows += 1
        }
        return rows
    }

    // MARK: JSON lines

    private static func readLines<Sink: RowSink>(
        _ input: InputFile, into sink: inout Sink
    ) throws(InputError) -> Int {
        var reader = LineReader(input)
        var columns: [[UInt8]: Int] = [:]
        var rows = 0
        while try reader.readLine() {
            let line = reader.line
            if line.trimmed.isEmpty { continue }
            do throws(OffsetError) {
                let node = try JSONParser.parse(line)
                guard case .object(let members) = node.value else {
                    throw OffsetError(
                        offset: node.offset, sentence: "expected an object, found \(node.kind)")
                }
                for member in members { try add(member, columns: &columns, to: &sink) }
                do throws(ValueError) {
                    try sink.endRow()
                } catch {
                    throw OffsetError(offset: 0, sentence: error.sentence)
                }
            } catch {
                throw .text(
                    TextError(
                        file: input.name, line: reader.number, column: error.offset + 1,
                        sentence: error.sentence))
            }
            rows += 1
        }
        if rows == 0, reader.number == 1 { throw .content("\(input.name): the file is empty") }
        return rows
    }

    private static func add<Sink: RowSink>(
        _ member: JSONNode.Member, columns: inout [[UInt8]: Int], to sink: inout Sink
    ) throws(OffsetError) {
        do throws(ValueError) {
            let key = Array(member.name.utf8)
            let column: Int
            if let known = columns[key] {
                column = known
            } else {
                if key.isEmpty { throw ValueError("a column without a name") }
                column = try sink.addColumn(member.name)
                columns[key] = column
            }
            switch member.value.value {
            case .null: break
            case .string(let text): if !text.isEmpty { try sink.addString(text, column: column) }
            case .number(let number): try sink.addNumber(number + 0.0, column: column)
            case .boolean(let value): try sink.addBoolean(value, column: column)
            case .array, .object: try sink.addNested(column: column)
            }
        } catch {
            throw OffsetError(offset: member.value.offset, sentence: error.sentence)
        }
    }
}
