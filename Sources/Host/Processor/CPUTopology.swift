internal import Exposition
internal import Kernel

/// Throttling per package and core, which CPUs are online and which are isolated: all below
/// /sys/devices/system/cpu.
struct CPUTopology: ~Copyable {
    private static var directory: String { "devices/system/cpu" }

    /// A file that is read at every scrape for one row.
    private final class Source {
        let key: [UInt8]
        let labels: [(name: String, value: String)]
        var file: KernelFile

        init(_ labels: [(name: String, value: String)], file: consuming KernelFile) {
            self.key = Array(labels.map(\.value).joined(separator: "/").utf8)
            self.labels = labels
            self.file = file
        }
    }

    private let root: Root
    private var knownProcessors: Int?
    private var cores: [Source] = []
    private var packages: [Source] = []
    private var online: [Source] = []
    private let isolated: [Series]
    private let isolatedFamily = Family(
        "node_cpu_isolated", kind: .gauge,
        help: "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.")
    private var coreTable = SeriesTable([
        .init(
            Family(
                "node_cpu_core_throttles_total", kind: .counter,
                help: "Number of times this CPU core has been throttled."))
    ])
    private var packageTable = SeriesTable([
        .init(
            Family(
                "node_cpu_package_throttles_total", kind: .counter,
                help: "Number of times this CPU package has been throttled."))
    ])
    private var onlineTable = SeriesTable([
        .init(
            Family(
                "node_cpu_online", kind: .gauge, help: "CPUs that are online and being scheduled."))
    ])

    init(_ roots: FilesystemRoots) {
        root = roots.sys
        let family = isolatedFamily
        // Fixed by the kernel's command line: read once.
        let list = (try? root.attribute("\(CPUTopology.directory)/isolated")) ?? []
        isolated = CPUTopology.numbers(list.span).map {
            Series(family, labels: LabelSet([("cpu", String($0))]))
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, processors: Int, into page: inout Page)
    {
        if knownProcessors != processors {
            find()
            knownProcessors = processors
        }
        if !isolated.isEmpty {
            page.begin(isolatedFamily)
            for series in isolated { page.sample(series, value: 1) }
        }
        CPUTopology.write(packages, table: &packageTable, scrape: &scrape, to: &page)
        CPUTopology.write(cores, table: &coreTable, scrape: &scrape, to: &page)
        CPUTopology.write(online, table: &onlineTable, scrape: &scrape, to: &page, unreadable: 0)
    }

    /// A file whose content is not a number has no row, or the value `unreadable` if given.
    private static func write(
        _ sources: [Source], table: inout SeriesTable, scrape: inout CollectionContext,
        to page: inout Page, unreadable: Double? = nil
    ) {
        if sources.isEmpty { return }
        table.begin()
        for source in sources {
            var value = unreadable
            if (try? scrape.read(&source.file)) != nil {
                var cursor = Cursor(scrape.text.bytes.trimmed)
                if let number = cursor.number(), cursor.isAtEnd {
                    value = Double(number)
                } else {
                    scrape.skippedLines += 1
                }
            }
            guard let value else { continue }
            let key = source.key
            if let row = table.row(key.span, labels: { source.labels }) { table[row, 0] = value }
        }
        table.end()
        table.write(to: &page)
    }

    /// Finds the CPUs. Hyperthreads of a core report the same count, so only the first one is used.
    private mutating func find() {
        (cores, packages, online) = ([], [], [])
        let directory = CPUTopology.directory
        let names = (try? root.names(in: directory)) ?? []
        let numbers = names.compactMap { $0.number(behind: "cpu") }.sorted()
        var (seenCores, seenPackages): (Set<String>, Set<String>) = ([], [])
        for number in numbers {
            let cpu = "\(directory)/cpu\(number)"
            if root.exists("\(cpu)/online") || !online.isEmpty {
                online.append(
                    Source([("cpu", String(number))], file: root.file("\(cpu)/online", limit: 4096))
                )
            }
            guard let package = self.number(at: "\(cpu)/topology/physical_package_id"),
                let core = self.number(at: "\(cpu)/topology/core_id")
            else { continue }
            let coreCount = "\(cpu)/thermal_throttle/core_throttle_count"
            if !seenCores.contains("\(package)/\(core)"), self.number(at: coreCount) != nil {
                seenCores.insert("\(package)/\(core)")
                cores.append(
                    Source(
                        [("package", package), ("core", core)],
                        file: root.file(coreCount, limit: 4096)))
            }
            let packageCount = "\(cpu)/thermal_throttle/package_throttle_count"
            if !seenPackages.contains(package), self.number(at: packageCount) != nil {
                seenPackages.insert(package)
                packages.append(
                    Source([("package", package)], file: root.file(packageCount, limit: 4096)))
            }
        }
        // A kernel that cannot take CPU 0 offline shows no state for it, and then for none.
        if let first = numbers.first, !root.exists("\(directory)/cpu\(first)/online") {
            online = []
        }
    }

    private func number(at name: String) -> String? {
        guard let text = try? root.attribute(name) else { return nil }
        var cursor = Cursor(text.span)
        guard let number = cursor.number(), cursor.isAtEnd else { return nil }
        return String(number)
    }

    /// The numbers of a list like `2-5,8`; nothing from where it stops being one.
    static func numbers(_ list: Span<UInt8>) -> [UInt64] {
        var numbers: [UInt64] = []
        var cursor = Cursor(list)
        while let first = cursor.number() {
            var last = first
            if cursor.take("-") {
                guard let end = cursor.number(), end >= first, end - first < 65536 else { break }
                last = end
            }
            numbers += first...last
            guard cursor.take(","), numbers.count < 65536 else { break }
        }
        return numbers
    }
}
