internal import Exposition
internal import Kernel

/// Every field of /proc/meminfo (proc_meminfo(5)), whatever the kernel calls it.
struct MemInfo: Collector, ~Copyable {
    static var name: String { "meminfo" }

    /// A kernel names about 60; beyond this many, lines are skipped.
    static var fieldLimit: Int { 512 }

    private var file: KernelFile
    private var names = NameOrder()
    /// By the numbers of `names`.
    private var fields: [UnlabelledMetric] = []

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("meminfo", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(&file)
        scrape.skippedLines += write(scrape.text.bytes, to: &page)
    }

    /// Writes a family per line, kilobytes as bytes. Returns the number of other lines.
    mutating func write(_ text: Span<UInt8>, to page: inout Page) -> Int {
        var skipped = 0
        names.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.text(before: 0x3A), let value = line.field(),
                let unit = MemInfo.unit(line.rest.trimmed),
                let number = number(of: name, hasUnit: unit != 1)
            else {
                skipped += 1
                continue
            }
            page.single(fields[number], value: Double(value) * unit)
        }
        return skipped
    }

    private static func unit(_ text: Span<UInt8>) -> Double? {
        if text.isEmpty { return 1 }
        return text.equals("kB") ? 1024 : nil
    }

    private mutating func number(of name: Span<UInt8>, hasUnit: Bool) -> Int? {
        if let known = names.find(name) { return known }
        guard fields.count < MemInfo.fieldLimit,
            let family = MemInfo.familyName(name, hasUnit: hasUnit)
        else { return nil }
        fields.append(
            UnlabelledMetric(
                family, kind: .gauge, help: "Memory information field \(family.dropFirst(12))."))
        return names.append(name)
    }

    /// `Active(anon)` in kB becomes `node_memory_Active_anon_bytes`; nil when a letter fits no name.
    private static func familyName(_ name: Span<UInt8>, hasUnit: Bool) -> String? {
        var family = "node_memory_"
        guard !name.isEmpty else { return nil }
        for index in 0..<name.count {
            switch name[index] {
            case 0x28: family.append("_")
            case 0x29 where index == name.count - 1: break
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F:
                family.unicodeScalars.append(Unicode.Scalar(name[index]))
            default: return nil
            }
        }
        return hasUnit ? family + "_bytes" : family
    }
}
