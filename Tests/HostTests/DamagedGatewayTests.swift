import Testing

@testable import Host

/// The files of network, memory and system, damaged in every way, a collector at a time: the others
/// are served as before, and what is lost is counted.
struct DamagedGatewayTests {
    private static let collectors: [(name: String, slots: [String])] = [
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
            at: tree.path, collectors: Self.collectors.map(\.name),
            flags: ["--no-collector.arp.netlink"],
            includesCollectorMetrics: true)
        let whole = CollectorReport(Trees.page(&host))
        #expect(whole.successes.values.allSatisfy { $0 == 1 })
        var before = whole
        for (collector, slots) in Self.collectors {
            let files = tree.files.filter { file in
                slots.contains { file.name.hasPrefix($0) }
            }
            #expect(!files.isEmpty, "\(collector) has files")
            for file in files { try tree.write(damage.apply(to: file.text), to: file.name) }
            let text = Trees.page(&host)
            let after = CollectorReport(text)
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
            // A shorter list of bonds is one, too, and without bonds it is empty.
            let isList =
                collector == "bonding" && [.empty, .keysOnly, .shortLines].contains(damage)
            #expect(!isLess || isCounted || isList, "the loss of \(collector)")
            before = after
            for file in files { try tree.write(file.text, to: file.name) }
        }
        let repaired = CollectorReport(Trees.page(&host))
        #expect(repaired.series == whole.series)
        #expect(repaired.successes == whole.successes)
    }
}
