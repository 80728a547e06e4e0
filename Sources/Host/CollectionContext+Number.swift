internal import Exposition
internal import Kernel

extension CollectionContext {
    /// Writes the number that the file which is the collector's whole subject holds.
    mutating func number(
        subject file: inout KernelFile, single: UnlabelledMetric, to page: inout Page
    ) throws(KernelError) {
        try read(subject: &file)
        try number(of: file.path, single: single, to: &page)
    }

    /// Writes the number that a file holds and nothing else; a file of something else is malformed.
    mutating func number(
        _ file: inout KernelFile, single: UnlabelledMetric, to page: inout Page
    ) throws(KernelError) {
        try read(&file)
        try number(of: file.path, single: single, to: &page)
    }

    private mutating func number(
        of path: String, single: UnlabelledMetric, to page: inout Page
    ) throws(KernelError) {
        var cursor = Cursor(text.bytes.trimmed)
        guard let number = cursor.signedField(), cursor.isAtEnd else {
            skippedLines += 1
            throw .malformed(path)
        }
        page.single(single, value: number)
    }
}
