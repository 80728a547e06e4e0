internal import Exposition
internal import Kernel

extension Scrape {
    /// Writes the number that a file holds and nothing else; a file of something else is malformed.
    mutating func number(
        subject file: inout KernelFile, _ single: Single, to page: inout Page
    ) throws(KernelError) {
        try read(subject: &file)
        var cursor = Cursor(text.bytes.trimmed)
        guard let number = cursor.signedField(), cursor.isAtEnd else {
            skippedLines += 1
            throw .malformed(file.path)
        }
        page.single(single, number)
    }
}
