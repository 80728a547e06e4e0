internal import Exposition
internal import Kernel

/// Open files of the whole system and their limit: /proc/sys/fs/file-nr
/// (Documentation/admin-guide/sysctl/fs.rst).
struct FileFD: Collector, ~Copyable {
    static var name: String { "filefd" }

    private var file: KernelFile
    private let allocated = UnlabelledMetric(
        "node_filefd_allocated", kind: .gauge, help: "File descriptor statistics: allocated.")
    private let maximum = UnlabelledMetric(
        "node_filefd_maximum", kind: .gauge, help: "File descriptor statistics: maximum.")

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("sys/fs/file-nr", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(&file)
        guard let numbers = FileFD.parse(scrape.text.bytes) else {
            scrape.skippedLines += 1
            throw .malformed(file.path)
        }
        page.single(allocated, value: Double(numbers.allocated))
        page.single(maximum, value: Double(numbers.maximum))
    }

    /// The first and the last of three numbers; the one between them has been 0 since Linux 2.6.
    static func parse(_ text: Span<UInt8>) -> (allocated: UInt64, maximum: UInt64)? {
        var numbers = Cursor(text.trimmed)
        guard let allocated = numbers.field(), numbers.field() != nil,
            let maximum = numbers.field()
        else { return nil }
        return (allocated, maximum)
    }
}
