internal import Exposition
internal import Kernel
internal import Wire

/// Memory of each NUMA node: /sys/devices/system/node/node*/{meminfo,numastat}
/// (Documentation/ABI/stable/sysfs-devices-node).
struct MemInfoNUMA: Collector, ~Copyable {
    static var name: String { "meminfo_numa" }

    /// Fields of one node; kernels have about 50.
    static var fieldLimit: Int { 512 }
    private static let directory = "devices/system/node"

    private final class Node {
        let label: String
        var meminfo: KernelFile
        var numastat: KernelFile
        /// By field; nil where the node does not have it.
        var values: [Double?] = []

        init(_ root: Root, label: String) {
            self.label = label
            meminfo = root.file("\(MemInfoNUMA.directory)/node\(label)/meminfo", isOneRecord: true)
            numastat = root.file(
                "\(MemInfoNUMA.directory)/node\(label)/numastat", isOneRecord: true)
        }
    }

    private struct Field {
        let family: Family
        /// By node.
        var series: [Series]
    }

    private let root: Root
    private var directory: DeviceDirectory
    private var nodes: [Node] = []
    private var names = NameOrder()
    /// By the numbers of `names`.
    private var fields: [Field] = []

    init(_ machine: CollectorResources) {
        root = machine.roots.sys
        directory = DeviceDirectory(machine, path: MemInfoNUMA.directory)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        // A kernel without NUMA has no such directory.
        if let names = try directory.look(&scrape) {
            nodes = MemInfoNUMA.labels(names).map { Node(root, label: $0) }
            fields = []
            self.names.removeAll()
        }
        var failure: KernelError?
        for (place, node) in nodes.enumerated() {
            for index in node.values.indices { node.values[index] = nil }
            do throws(KernelError) {
                try scrape.read(lines: &node.meminfo)
                scrape.skippedLines += parse(scrape.text.bytes, node: place)
                try scrape.read(lines: &node.numastat)
                scrape.skippedLines += parseEvents(scrape.text.bytes, node: place)
            } catch {
                failure = error
                directory.lookSoon()
            }
        }
        write(to: &page)
        if let failure { throw failure }
    }

    func write(to page: inout Page) {
        for (index, field) in fields.enumerated() {
            var isBegun = false
            for (place, node) in nodes.enumerated() {
                guard index < node.values.count, let value = node.values[index] else { continue }
                if !isBegun { page.begin(field.family) }
                isBegun = true
                page.sample(field.series[place], value: value)
            }
        }
    }

    /// Lines of `Node 0 MemTotal: 12 kB`. Returns those that could not be used.
    mutating func parse(_ text: Span<UInt8>, node: Int) -> Int {
        var skipped = 0
        names.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let first = line.word(), first.equals("Node"), line.field() != nil,
                let key = line.text(before: 0x3A), let value = line.field(),
                let unit = MemInfoNUMA.unit(line.rest.trimmed),
                let number = number(of: key.trimmed, kind: .gauge, suffix: "")
            else {
                skipped += 1
                continue
            }
            set(number, node: node, value: Double(value) * unit)
        }
        return skipped
    }

    /// Lines of `numa_hit 12`, read after the other file of the node. Returns those that could not be
    /// used.
    mutating func parseEvents(_ text: Span<UInt8>, node: Int) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let key = line.word(), let value = line.field(), line.rest.trimmed.isEmpty,
                let number = number(of: key, kind: .counter, suffix: "_total")
            else {
                skipped += 1
                continue
            }
            set(number, node: node, value: Double(value))
        }
        return skipped
    }

    private func set(_ field: Int, node: Int, value: Double) {
        let node = nodes[node]
        while node.values.count <= field { node.values.append(nil) }
        node.values[field] = value
    }

    private static func unit(_ text: Span<UInt8>) -> Double? {
        if text.isEmpty { return 1 }
        return text.equals("kB") ? 1024 : nil
    }

    private mutating func number(
        of key: Span<UInt8>, kind: Family.Kind, suffix: String
    ) -> Int? {
        if let known = names.find(key) { return known }
        // `Active(anon)` is Active_anon.
        let name = key.string.replacing("(", with: "_").replacing(")", with: "") + suffix
        let metric = "node_memory_numa_\(name)"
        guard fields.count < MemInfoNUMA.fieldLimit, !key.isEmpty,
            metric.utf8Span.span.isMetricName
        else { return nil }
        let family = Family(metric, kind: kind, help: "Memory information field \(name).")
        fields.append(
            Field(
                family: family,
                series: nodes.map { Series(family, labels: LabelSet([("node", $0.label)])) }))
        return names.append(key)
    }

    /// The numbers of `node0`, in their order.
    private static func labels(_ names: [String]) -> [String] {
        names.compactMap { $0.number(behind: "node") }.sorted().map { String($0) }
    }
}
