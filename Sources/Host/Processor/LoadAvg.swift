internal import Exposition
internal import Kernel

/// The three load averages of /proc/loadavg (proc_loadavg(5)).
struct LoadAvg: Collector, ~Copyable {
    static var name: String { "loadavg" }

    private var file: KernelFile
    private let singles = [
        UnlabelledMetric("node_load1", kind: .gauge, help: "1m load average."),
        UnlabelledMetric("node_load5", kind: .gauge, help: "5m load average."),
        UnlabelledMetric("node_load15", kind: .gauge, help: "15m load average."),
    ]

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("loadavg", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(&file)
        guard let loads = LoadAvg.parse(scrape.text.bytes) else {
            scrape.skippedLines += 1
            throw KernelError.malformed(file.path)
        }
        for index in 0..<3 { page.single(singles[index], value: loads[index]) }
    }

    /// The averages over 1, 5 and 15 minutes; nil unless all three are numbers.
    static func parse(_ text: Span<UInt8>) -> [3 of Double]? {
        var cursor = Cursor(text)
        var loads: [3 of Double] = [0, 0, 0]
        for index in 0..<3 {
            guard let load = cursor.decimal(), load.isFinite else { return nil }
            if let next = cursor.peek, next != 0x20, next != 0x0A { return nil }
            loads[index] = load
        }
        return loads
    }
}
