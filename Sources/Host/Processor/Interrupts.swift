internal import Exposition
internal import Kernel
internal import Settings

/// Interrupts per line and CPU from /proc/interrupts (proc(5)).
struct Interrupts: FileCollector, ~Copyable {
    static var name: String { "interrupts" }

    static var fileRole: FileRole { .any }

    var file: KernelFile
    private let filter: Filter
    private let showsZeros: Bool
    private let family = Family("node_interrupts_total", kind: .counter, help: "Interrupt details.")
    private var head: [UInt8] = []
    private var processors = 0
    private var table = SeriesTable([])

    init(_ roots: FilesystemRoots, settings: InterruptSettings) {
        file = roots.proc.file("interrupts", limit: 16 << 20)
        filter = settings.filter
        showsZeros = settings.showsZeros
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// Returns the lines that could not be used; nil when the head does not name the CPUs.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var lines = Cursor(text)
        guard let first = lines.line(), name(first.rest) else { return nil }
        var skipped = 0
        table.begin()
        while let line = lines.line() {
            if !show(line.rest) { skipped += 1 }
        }
        table.end()
        return skipped
    }

    /// A column per CPU of the head.
    private mutating func name(_ text: Span<UInt8>) -> Bool {
        if text.equals(head) { return processors > 0 }
        var columns: [SeriesTable.Column] = []
        var words = Cursor(text)
        while let word = words.word() {
            guard let number = word.processorNumber else { return false }
            columns.append(SeriesTable.Column(family, labels: [("cpu", String(number))]))
        }
        head = text.copied
        processors = columns.count
        table = SeriesTable(columns)
        return processors > 0
    }

    /// ` 24:  0  17  IR-PCI-MSI 1-edge nvme0q0`: a name, counts, and what it is.
    private mutating func show(_ text: Span<UInt8>) -> Bool {
        var line = Cursor(text)
        guard let name = line.text(before: 0x3A)?.trimmed, !name.isEmpty else { return false }
        let counts = line
        var length = 0
        while length < processors {
            guard line.field() != nil else {
                // ERR and MIS have one sum for all CPUs.
                line.skipBlanks()
                return line.isAtEnd && length > 0
            }
            length += 1
        }
        let details = line.rest.trimmed
        if details.isEmpty { return true }
        if !filter.isOpen {
            let (info, devices) = Interrupts.describe(name, details: details)
            let full = "\(name.string);\(info);\(devices)"
            if !filter.matches(full.utf8Span.span) { return true }
        }
        guard let row = row(name, details: details) else { return false }
        var values = counts
        for column in 0..<processors {
            guard let count = values.field() else { return false }
            if count > 0 || showsZeros { table[row, column] = Double(count) }
        }
        return true
    }

    private mutating func row(_ name: Span<UInt8>, details: Span<UInt8>) -> Int? {
        var key = name.copied
        key.append(0)
        for index in 0..<details.count { key.append(details[index]) }
        return table.row(
            key.span,
            labels: {
                let (info, devices) = Interrupts.describe(name, details: details)
                return [("type", name.string), ("info", info), ("devices", devices)]
            })
    }

    /// A numbered interrupt names its controller and the devices that share it.
    private static func describe(
        _ name: Span<UInt8>, details: Span<UInt8>
    ) -> (info: String, devices: String) {
        var words: [String] = []
        var cursor = Cursor(details)
        while let word = cursor.word() { words.append(word.string) }
        if name.signed == nil { return (words.joined(separator: " "), "") }
        return (words.first ?? "", words.dropFirst().joined(separator: " "))
    }
}
