internal import Exposition
internal import Kernel

/// A collector of one file of procfs, whose lines become the rows of a table.
protocol FileCollector: Collector, ~Copyable {
    /// What it means that the file is missing or empty.
    static var fileRole: FileRole { get }
    var file: KernelFile { get set }

    /// Takes the rows over. Returns the number of lines that could not be used, or nil if the file
    /// does not have its documented form.
    mutating func parse(_ text: Span<UInt8>) -> Int?

    func write(to page: inout Page)
}

/// What a missing or empty file means to its collector.
enum FileRole {
    /// The machine lacks what the file is about if the file does not exist.
    case subject
    /// Every kernel has the file, and it always has lines.
    case lines
    /// Every kernel has the file; `parse` rejects an empty one.
    case any
}

extension FileCollector where Self: ~Copyable {
    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        switch Self.fileRole {
        case .subject: try scrape.read(subject: &file)
        case .lines: try scrape.read(lines: &file)
        case .any: try scrape.read(&file)
        }
        guard let skipped = parse(scrape.text.bytes) else { throw .malformed(file.path) }
        scrape.skippedLines += skipped
        write(to: &page)
    }
}
