import Testing

@testable import Host

/// The files of network, memory and system, damaged in every way, a collector at a time: the others
/// are served as before, and what is lost is counted.
struct DamagedGatewayTests {
    private static let collectors: [(name: String, places: [String])] = [
        ("arp", ["proc/net/arp"]), ("bonding", ["sys/class/net/bond"]),
        ("buddyinfo", ["proc/buddyinfo"]), ("cgroups", ["proc/cgroups"]),
        ("conntrack", ["proc/sys/net/", "proc/net/stat/"]),
        ("entropy", ["proc/sys/kernel/random/"]),
        ("filefd", ["proc/sys/fs/"]), ("infiniband", ["sys/class/infiniband/"]),
        ("ipvs", ["proc/net/ip_vs"]), ("kernel_hung", ["proc/sys/kernel/hung"]),
        ("meminfo_numa", ["sys/devices/system/node/"]), ("netclass", ["sys/class/net/eth"]),
        ("netdev", ["proc/net/dev"]), ("netstat", ["proc/net/netstat", "proc/net/snmp"]),
        ("os", ["rootfs/etc/os-release"]), ("pressure", ["proc/pressure/"]),
        ("processes", ["proc/4", "proc/sys/kernel/threads-max"]),
        ("selinux", ["sys/fs/selinux/"]), ("sockstat", ["proc/net/sockstat"]),
        ("softnet", ["proc/net/softnet_stat"]), ("udp_queues", ["proc/net/udp"]),
        ("vmstat", ["proc/vmstat"]), ("zoneinfo", ["proc/zoneinfo"]),
    ]

    @Test(arguments: DamagedTreeTests.Damage.allCases)
    func `damage costs the collector that reads the file, and is counted`(
        damage: DamagedTreeTests.Damage
    ) throws {
        let tree = try CopiedTree("gateway")
        var host = try Trees.host(
            at: tree.path, Self.collectors.map(\.name), ["--no-collector.arp.netlink"],
            tellsCost: true)
        let whole = Tally(Trees.page(&host))
        #expect(whole.successes.values.allSatisfy { $0 == 1 })
        for (collector, places) in Self.collectors {
            let files = tree.files.filter { file in
                places.contains { file.name.hasPrefix($0) }
            }
            #expect(!files.isEmpty, "\(collector) has files")
            let before = Tally(Trees.page(&host))
            for file in files { try tree.write(damage.apply(to: file.text), to: file.name) }
            let text = Trees.page(&host)
            let after = Tally(text)
            #expect(TextPage.isWellFormed(text), "\(collector)")
            for (other, _) in Self.collectors where other != collector {
                // Interfaces and bonds share files.
                if [other, collector].sorted() == ["bonding", "netclass"] { continue }
                #expect(after.successes[other] == 1, "\(other) beside \(collector)")
                #expect(after.series[other] == whole.series[other], "\(other) beside \(collector)")
            }
            let isLess = (after.series[collector] ?? 0) < (whole.series[collector] ?? 0)
            let isCounted =
                after.successes[collector] == 0
                || (after.skipped[collector] ?? 0) > (before.skipped[collector] ?? 0)
            // Without bonds the kernel's list of them is empty.
            let mayBeEmpty = collector == "bonding" && damage == .empty
            #expect(!isLess || isCounted || mayBeEmpty, "the loss of \(collector)")
            for file in files { try tree.write(file.text, to: file.name) }
        }
        let repaired = Tally(Trees.page(&host))
        #expect(repaired.series == whole.series)
        #expect(repaired.successes == whole.successes)
    }

    /// What a page tells about its collectors.
    private struct Tally {
        private(set) var successes: [String: Double] = [:]
        private(set) var series: [String: Double] = [:]
        private(set) var skipped: [String: Double] = [:]

        init(_ page: String) {
            for line in page.split(separator: "\n") {
                let parts = line.split(separator: "\"")
                guard parts.count == 3, let value = Double(parts[2].dropFirst(2)) else { continue }
                let collector = String(parts[1])
                switch parts[0] {
                case "node_scrape_collector_success{collector=": successes[collector] = value
                case "ml_exporter_collector_series{collector=": series[collector] = value
                case "ml_exporter_collector_skipped_lines_total{collector=":
                    skipped[collector] = value
                default: break
                }
            }
        }
    }
}
