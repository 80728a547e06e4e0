internal import Exposition
internal import Glibc
internal import Kernel

/// Bytes that wait in the queues of all UDP sockets: /proc/net/udp and udp6 (proc_pid_net(5)).
struct UDPQueues: Collector, ~Copyable {
    static var name: String { "udp_queues" }

    private var file: KernelFile
    private var file6: KernelFile
    private let family = Family(
        "node_udp_queues", kind: .gauge,
        help: "Number of allocated memory in the kernel for UDP datagrams in bytes.")
    private let series: [Series]

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("net/udp", limit: 64 << 20)
        file6 = roots.proc.file("net/udp6", limit: 64 << 20)
        let family = self.family
        series = [("tx", "v4"), ("rx", "v4"), ("tx", "v6"), ("rx", "v6")].map {
            Series(family, labels: LabelSet([("queue", $0.0), ("ip", $0.1)]))
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        let sums = try UDPQueues.sums(of: &file, scrape: &scrape)
        let sums6 = try UDPQueues.sums(of: &file6, scrape: &scrape)
        if sums == nil, sums6 == nil {
            scrape.isAbsent = true
            throw KernelError("neither version of IP", subject: file.path)
        }
        page.begin(family)
        if let sums {
            page.sample(series[0], value: Double(sums.sent))
            page.sample(series[1], value: Double(sums.received))
        }
        if let sums6 {
            page.sample(series[2], value: Double(sums6.sent))
            page.sample(series[3], value: Double(sums6.received))
        }
    }

    /// Nil without the file: either version of IP may be switched off.
    private static func sums(
        of file: inout KernelFile, scrape: inout CollectionContext
    ) throws(KernelError) -> (sent: UInt64, received: UInt64)? {
        do throws(KernelError) {
            try scrape.read(lines: &file)
        } catch {
            if error.isAbsence { return nil }
            throw error
        }
        let (sent, received, skipped) = parse(scrape.text.bytes)
        scrape.skippedLines += skipped
        return (sent, received)
    }

    /// The sums of the fifth column, `tx:rx` in hexadecimal digits, behind a line of names.
    static func parse(_ text: Span<UInt8>) -> (sent: UInt64, received: UInt64, skipped: Int) {
        var (sent, received): (UInt64, UInt64) = (0, 0)
        var skipped = 0
        var lines = Cursor(text)
        if var names = lines.line(), names.word()?.equals("sl") != true { skipped += 1 }
        while var line = lines.line() {
            var columns = 0
            while columns < 4, line.word() != nil { columns += 1 }
            guard columns == 4, let transmit = line.hexadecimal(), line.take(":"),
                let receive = line.peek?.hexadecimalValue == nil ? nil : line.hexadecimalField()
            else {
                skipped += 1
                continue
            }
            sent &+= transmit
            received &+= receive
        }
        return (sent, received, skipped)
    }
}
