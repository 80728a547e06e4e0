import Exposition
import Kernel
import Settings
import Testing

@testable import Host

/// Every file of the gateway's tree, cut at every length: each parser survives, and what it skips is
/// at most the line that was cut and, of a pair of lines, the other one.
struct TruncatedTextTests {
    private typealias Parser = (Span<UInt8>, inout Page) -> Int

    @Test func `protocols`() throws {
        let roots = Trees.roots("nowhere")
        try truncate("net/netstat") { text, page in
            var statistics = Netstat(roots, pattern: nil)
            return statistics.writeExtended(text, to: &page)
        }
        try truncate("net/snmp") { text, page in
            var statistics = Netstat(roots, pattern: nil)
            return statistics.writeExtended(text, to: &page)
        }
        try truncate("net/snmp6") { text, page in
            var statistics = Netstat(roots, pattern: nil)
            return statistics.write6(text, to: &page)
        }
        try truncate("net/sockstat") { text, page in
            Sockstat(roots).write(text, to: &page)
        }
        try truncate("net/softnet_stat") { text, page in
            var packets = Softnet(roots)
            return packets.parse(text) ?? 1
        }
        try truncate("net/arp") { text, page in
            var neighbours = ARP(
                roots, settings: ARPSettings(filter: .init(excluding: nil), usesNetlink: false))
            return neighbours.parse(text)
        }
        for name in ["net/udp", "net/udp6"] {
            try truncate(name) { text, page in UDPQueues.parse(text).skipped }
        }
        try truncate("net/stat/nf_conntrack") { text, page in
            Conntrack.parse(text).skipped
        }
        try truncate("net/ip_vs") { text, page in
            var servers = IPVS(roots, labels: IPVSLabel.allCases)
            return servers.parse(text)
        }
        try truncate("net/ip_vs_stats") { text, page in
            IPVS.totals(text) == nil ? 1 : 0
        }
    }

    @Test func `memory`() throws {
        let roots = Trees.roots("nowhere")
        try truncate("vmstat") { text, page in
            var paging = VMStat(roots, pattern: nil)
            return paging.write(text, to: &page)
        }
        try truncate("buddyinfo") { text, page in
            var blocks = BuddyInfo(roots)
            return blocks.parse(text) ?? 1
        }
        try truncate("zoneinfo") { text, page in
            var zones = ZoneInfo(roots)
            return zones.parse(text) ?? 1
        }
    }

    @Test func `system`() throws {
        for name in ["cpu", "io", "memory", "irq"] {
            try truncate("pressure/\(name)") { text, page in Pressure.totals(text).skipped }
        }
        try truncate("sys/fs/file-nr") { text, page in FileFD.parse(text) == nil ? 1 : 0 }
        try truncate("cgroups") { text, page in
            var groups = ProcCgroups(Trees.roots("nowhere"))
            return groups.parse(text) ?? 1
        }
        try truncate("4242/stat") { text, page in ProcessCensus.parse(text) == nil ? 1 : 0 }
        try truncate("etc/os-release", in: Trees.roots("gateway").rootfs) { text, page in
            OSRelease.parse(text).skipped
        }
        try truncate("etc/selinux/config", in: Trees.roots("gateway").rootfs) { text, page in
            SELinux.mode(text) == nil ? 1 : 0
        }
    }

    private func truncate(
        _ name: String, in root: Root = Trees.roots("gateway").proc, parse: Parser
    ) throws {
        var file = root.file(name)
        var text = Buffer(capacity: 1 << 14)
        try file.read(into: &text)
        let bytes = text.bytes.copied
        #expect(bytes.count > 10, "\(name) is there")
        for length in 0...min(bytes.count, 600) {
            var page = Page(format: .text, body: Buffer(capacity: 1 << 14))
            let part = Array(bytes.prefix(length))
            let skipped = parse(part.span, &page)
            #expect(skipped <= 2, "\(name) of \(length) bytes")
        }
    }
}
