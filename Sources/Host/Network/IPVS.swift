internal import Exposition
internal import Kernel

/// The virtual servers of IPVS and their backends: /proc/net/ip_vs_stats and ip_vs
/// (net/netfilter/ipvs/ip_vs_ctl.c).
struct IPVS: Collector, ~Copyable {
    static var name: String { "ipvs" }

    private var statistics: KernelFile
    private var file: KernelFile
    private let shown: [IPVSLabel]
    private let totals = [
        UnlabelledMetric(
            "node_ipvs_connections_total", kind: .counter,
            help: "The total number of connections made."),
        UnlabelledMetric(
            "node_ipvs_incoming_packets_total", kind: .counter,
            help: "The total number of incoming packets."),
        UnlabelledMetric(
            "node_ipvs_outgoing_packets_total", kind: .counter,
            help: "The total number of outgoing packets."),
        UnlabelledMetric(
            "node_ipvs_incoming_bytes_total", kind: .counter,
            help: "The total amount of incoming data."),
        UnlabelledMetric(
            "node_ipvs_outgoing_bytes_total", kind: .counter,
            help: "The total amount of outgoing data."),
    ]
    private var table = SeriesTable([
        .init(
            Family(
                "node_ipvs_backend_connections_active", kind: .gauge,
                help: "The current active connections by local and remote address.")),
        .init(
            Family(
                "node_ipvs_backend_connections_inactive", kind: .gauge,
                help: "The current inactive connections by local and remote address.")),
        .init(
            Family(
                "node_ipvs_backend_weight", kind: .gauge,
                help: "The current backend weight by local and remote address.")),
    ])
    private var key: [UInt8] = []

    init(_ roots: FilesystemRoots, labels: [IPVSLabel]) {
        statistics = roots.proc.file("net/ip_vs_stats")
        file = roots.proc.file("net/ip_vs", limit: 64 << 20)
        shown = labels
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(subject: &statistics)
        guard let sums = IPVS.totals(scrape.text.bytes) else {
            scrape.skippedLines += 1
            throw .malformed(statistics.path)
        }
        for (index, single) in totals.enumerated() {
            page.single(single, value: Double(sums[index]))
        }
        try scrape.read(lines: &file)
        scrape.skippedLines += parse(scrape.text.bytes)
        table.write(to: &page)
    }

    /// The five hexadecimal numbers of the third line.
    static func totals(_ text: Span<UInt8>) -> [5 of UInt64]? {
        var lines = Cursor(text)
        _ = lines.line()
        _ = lines.line()
        guard var line = lines.line() else { return nil }
        var totals: [5 of UInt64] = .init(repeating: 0)
        for index in 0..<5 {
            guard let value = line.hexadecimalField() else { return nil }
            totals[index] = value
        }
        return totals
    }

    /// A server's line (`TCP C0A80016:0CEA wlc`, `FWM 10001000 wlc`), then one for each backend
    /// (`-> C0A85216:0CEA Tunnel 100 248 2`: weight, active and inactive connections). Returns those
    /// that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        var server = IPVSService()
        var sums: [(backend: IPVSService.Backend, counts: [3 of UInt64])] = []
        var slots: [[UInt8]: Int] = [:]
        let isWhole = shown.count == IPVSLabel.allCases.count
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let first = line.word() else { continue }
            if first.equals("IP") || first.equals("Prot") { continue }
            guard let second = line.word() else {
                skipped += 1
                continue
            }
            if second.equals("RemoteAddress:Port") { continue }
            if !first.equals("->") {
                server = IPVSService(first, place: second)
                if !server.isUsable { skipped += 1 }
                continue
            }
            guard server.isUsable, let counts = IPVS.counts(&line) else {
                skipped += 1
                continue
            }
            IPVS.key(server, remote: second, key: &key)
            if isWhole {
                // All identifying labels are shown, so each backend has its own row.
                if !show(key, server: server, remote: second, counts: counts) { skipped += 1 }
                continue
            }
            guard let backend = server.backend(second) else {
                skipped += 1
                continue
            }
            let key = Array(shown.map { backend[$0] }.joined(separator: "\0").utf8)
            if let place = slots[key] {
                for index in 0..<3 { sums[place].counts[index] &+= counts[index] }
            } else {
                slots[key] = sums.count
                sums.append((backend, counts))
            }
        }
        for (backend, counts) in sums {
            let labels = shown.map { (name: $0.rawValue, value: backend[$0]) }
            let key = Array(labels.map(\.value).joined(separator: "\0").utf8)
            if let row = table.row(key.span, labels: { labels }) { set(row, counts: counts) }
        }
        table.end()
        return skipped
    }

    private mutating func show(
        _ key: [UInt8], server: IPVSService, remote: Span<UInt8>, counts: [3 of UInt64]
    ) -> Bool {
        guard IPVSService.isAddress(remote) else { return false }
        let row = table.row(
            key.span,
            labels: {
                let backend = server.backend(remote)
                return IPVSLabel.allCases.map { ($0.rawValue, backend?[$0] ?? "") }
            })
        guard let row else { return false }
        set(row, counts: counts)
        return true
    }

    private mutating func set(_ row: Int, counts: [3 of UInt64]) {
        table[row, 0] = Double(counts[1])
        table[row, 1] = Double(counts[2])
        table[row, 2] = Double(counts[0])
    }

    /// Weight, active and inactive connections behind the way of forwarding.
    private static func counts(_ line: inout Cursor) -> [3 of UInt64]? {
        guard line.word() != nil, let weight = line.field(), let active = line.field(),
            let inactive = line.field()
        else { return nil }
        return [weight, active, inactive]
    }

    private static func key(
        _ server: IPVSService, remote: Span<UInt8>, key: inout [UInt8]
    ) {
        key.removeAll(keepingCapacity: true)
        key += server.text
        key.append(0)
        for index in 0..<remote.count { key.append(remote[index]) }
    }
}
