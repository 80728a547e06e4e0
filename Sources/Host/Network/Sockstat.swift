internal import Exposition
internal import Glibc
internal import Kernel
internal import Wire

/// Sockets in use by protocol: /proc/net/sockstat and sockstat6 (proc_pid_net(5)).
struct Sockstat: Collector, ~Copyable {
    static var name: String { "sockstat" }

    /// Protocols of one file; kernels have less than ten.
    static var protocolLimit: Int { 64 }

    private static let keys: [StaticString] = ["inuse", "orphan", "tw", "alloc", "mem", "memory"]
    private static let memoryPages = 4

    /// A protocol's name and its series by key, behind them the memory in bytes.
    private final class Transport {
        let name: [UInt8]
        let singles: [UnlabelledMetric]

        init?(_ name: [UInt8]) {
            let title = name.span.string
            guard "node_sockstat_\(title)_".utf8Span.span.isMetricName else { return nil }
            self.name = name
            singles = (Sockstat.keys.map(\.description) + ["mem_bytes"]).map {
                UnlabelledMetric(
                    "node_sockstat_\(title)_\($0)", kind: .gauge,
                    help: "Number of \(title) sockets in state \($0).")
            }
        }
    }

    /// The protocols of one version of IP.
    private final class Table {
        var file: KernelFile
        var transports: [Transport] = []

        init(_ file: consuming KernelFile) {
            self.file = file
        }
    }

    private let version4: Table
    private let version6: Table
    private let used = UnlabelledMetric(
        "node_sockstat_sockets_used", kind: .gauge, help: "Number of IPv4 sockets in use.")
    private let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))

    init(_ roots: FilesystemRoots) {
        version4 = Table(roots.proc.file("net/sockstat"))
        version6 = Table(roots.proc.file("net/sockstat6"))
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var failure: KernelError?
        var missing = 0
        for table in [version4, version6] {
            do throws(KernelError) {
                try scrape.read(lines: &table.file)
                scrape.skippedLines += write(scrape.text.bytes, table: table, to: &page)
            } catch {
                // Either version may be switched off.
                if error.isAbsence { missing += 1 }
                if !error.isAbsence || missing == 2 { failure = error }
            }
        }
        if let failure { throw failure }
    }

    func write(_ text: Span<UInt8>, to page: inout Page) -> Int {
        write(text, table: version4, to: &page)
    }

    /// Writes lines of `TCP: inuse 4 orphan 0 ...`. Returns those that could not be used.
    private func write(
        _ text: Span<UInt8>, table: Table, to page: inout Page
    ) -> Int {
        var skipped = 0
        var next = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.text(before: 0x3A), !name.isEmpty else {
                skipped += 1
                continue
            }
            if name.equals("sockets") {
                guard let key = line.word(), key.equals("used"), let count = line.signedField()
                else {
                    skipped += 1
                    continue
                }
                if table === version4 { page.single(used, value: count) }
                continue
            }
            guard let values = Sockstat.values(&line),
                let transport = Sockstat.transport(name, next: next, known: &table.transports)
            else {
                skipped += 1
                continue
            }
            next += 1
            for key in 0..<values.count {
                if let value = values[key] { page.single(transport.singles[key], value: value) }
            }
            if let pages = values[Sockstat.memoryPages], let last = transport.singles.last {
                page.single(last, value: pages * pageBytes)
            }
        }
        return skipped
    }

    private static func transport(
        _ name: Span<UInt8>, next: Int, known: inout [Transport]
    ) -> Transport? {
        if next < known.count, name.equals(known[next].name) { return known[next] }
        known.removeSubrange(min(next, known.count)...)
        guard known.count < protocolLimit, let transport = Transport(name.copied) else {
            return nil
        }
        known.append(transport)
        return transport
    }

    /// The values by key; unknown keys are passed over. Nil unless the line is pairs of a key and a
    /// number.
    private static func values(_ line: inout Cursor) -> [6 of Double?]? {
        var values: [6 of Double?] = .init(repeating: nil)
        values[0] = 0
        var pairs = 0
        while let key = line.word() {
            guard let value = line.signedField() else { return nil }
            for index in 0..<6 where key.equals(keys[index]) { values[index] = value }
            pairs += 1
        }
        return pairs > 0 ? values : nil
    }
}
