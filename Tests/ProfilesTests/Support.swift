import Kernel
import Scratch
import Statistics

@testable import Profiles

/// A folder of this repository's tests.
func fixtures(_ name: String, from file: String = #filePath) -> String {
    let parts = file.split(separator: "/").dropLast(2)
    return "/\(parts.joined(separator: "/"))/Fixtures/\(name)"
}

/// The bytes of a file.
func bytes(_ path: String) throws -> [UInt8] {
    var file = KernelFile(path: path, limit: 64 << 20)
    var text = Buffer(capacity: 4096)
    try file.read(into: &text)
    return text.bytes.copied
}

/// The value of a JSON file.
func json(_ path: String) throws -> JSONNode {
    // The compiler (6.3.1) generates wrong code for the span of a temporary in a call that throws.
    let text = try bytes(path)
    return try JSONParser.parse(text.span)
}

/// All values of a file as they are written; nil where missing.
struct Table: RowSink {
    private(set) var names: [String] = []
    private(set) var columns: [[String?]] = []

    init(_ path: String, _ format: RowReader.Format = .csv) throws {
        let input = try InputFile(path, temporaryFolder: "/tmp")
        let rows = try RowReader.read(input, format: format, into: &self)
        // Missing values at the end are not added by anything that follows.
        for index in columns.indices { pad(index, to: rows) }
    }

    /// A missing value is one that other columns have and this one lacks.
    private mutating func pad(_ column: Int, to rows: Int) {
        while columns[column].count < rows { columns[column].append(nil) }
    }

    subscript(_ name: String) -> [String?] {
        names.firstIndex(of: name).map { columns[$0] } ?? []
    }

    func numbers(_ name: String) -> [Double] {
        self[name].map { text in
            text.flatMap { NumberText.field(Array($0.utf8).span) } ?? .nan
        }
    }

    mutating func addColumn(_ name: String) -> Int {
        names.append(name)
        columns.append([])
        return names.count - 1
    }

    // The order of rows does not matter to what is tested with tables, only how often values occur.
    mutating func addField(_ text: Span<UInt8>, column: Int) { columns[column].append(text.string) }
    mutating func addString(_ text: String, column: Int) { columns[column].append(text) }
    mutating func addNumber(_ number: Double, column: Int) {
        columns[column].append(NumberText.shortest(number))
    }
    mutating func addBoolean(_ value: Bool, column: Int) {
        columns[column].append(value ? "true" : "false")
    }
    func addNested(column: Int) {}
}

extension JSONNode {
    subscript(_ name: String) -> JSONNode? {
        guard case .object(let members) = value else { return nil }
        return members.first { $0.name == name }?.value
    }

    var members: [Member] {
        if case .object(let members) = value { members } else { [] }
    }

    var elements: [JSONNode] {
        if case .array(let elements) = value { elements } else { [] }
    }

    var double: Double? {
        if case .number(let number) = value { number } else { nil }
    }

    var text: String? {
        if case .string(let text) = value { text } else { nil }
    }

    var isTrue: Bool { value == .boolean(true) }
}

/// Builds a profile of a text.
func build(
    _ text: String, _ format: RowReader.Format = .csv,
    _ change: (inout BuildOptions) -> Void = { _ in }
) throws -> (profile: Profile, messages: [String]) {
    let folder = try Folder()
    try folder.write(text, to: "rows")
    var options = BuildOptions(model: "m", modelVersion: "1")
    change(&options)
    let input = try InputFile("\(folder.path)/rows", temporaryFolder: folder.path)
    return try ProfileBuilder.build(input, format: format, options: options)
}

/// What is wrong with a text, without the name of the file.
func complaint(
    _ text: [UInt8], _ format: RowReader.Format = .csv,
    _ change: (inout BuildOptions) -> Void = { _ in }
) throws -> String {
    let folder = try Folder()
    try folder.write(text, to: "rows")
    var options = BuildOptions(model: "m", modelVersion: "1")
    change(&options)
    do throws(InputError) {
        let input = try InputFile("\(folder.path)/rows", temporaryFolder: folder.path)
        _ = try ProfileBuilder.build(input, format: format, options: options)
        return "no error"
    } catch {
        return String(error.description.dropFirst(folder.path.count + 1))
    }
}

func complaint(
    _ text: String, _ format: RowReader.Format = .csv,
    _ change: (inout BuildOptions) -> Void = { _ in }
) throws -> String {
    try complaint(Array(text.utf8), format, change)
}
