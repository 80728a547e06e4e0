internal import ArgumentParser

/// A number of bytes on the command line: `256MiB`, `1GiB`, `500MB`, `1048576`.
struct ByteText: ExpressibleByArgument {
    let bytes: Int

    private static let units: [(name: String, bytes: Int)] = [
        ("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000),
        ("MB", 1_000_000), ("GB", 1_000_000_000),
    ]

    init(bytes: Int) {
        self.bytes = bytes
    }

    /// Nil for anything else, and for more than fits.
    init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        let unit = argument.dropFirst(digits.count)
        guard let count = Int(digits),
            let scale = ByteText.units.first(where: { $0.name == unit })?.bytes
        else { return nil }
        let (bytes, isOver) = count.multipliedReportingOverflow(by: scale)
        if isOver { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { AmountText.bytes(Int64(bytes)) }
}
