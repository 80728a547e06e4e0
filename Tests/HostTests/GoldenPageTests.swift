import Glibc
import Kernel
import Scratch
import Testing

/// The whole page is what users build on: a change of it must be meant. `UPDATE_GOLDEN=1 swift test
/// --filter GoldenPageTests` rewrites the files.
struct GoldenPageTests {
    private static let collectors = [
        "cpu", "diskstats", "loadavg", "meminfo", "netdev", "stat",
    ]

    private static let gatewayCollectors = [
        "arp", "bonding", "buddyinfo", "cgroups", "conntrack", "entropy", "filefd", "infiniband",
        "ipvs", "kernel_hung", "meminfo_numa", "netclass", "netdev", "netstat", "os", "pressure",
        "processes", "selinux", "sockstat", "softnet", "udp_queues", "vmstat", "zoneinfo",
    ]

    /// The trees and the collectors that their pages have.
    static let trees: [(name: String, collectors: [String])] = [
        ("debian12-2cpu", collectors), ("rack", rackCollectors), ("gateway", gatewayCollectors),
    ]

    // A label of rapl's is the path of the tree, which differs from checkout to checkout.
    private static let rackCollectors =
        collectors + DamagedTreeTests.devices.map(\.collector).filter { $0 != "rapl" }

    @Test(arguments: ["debian12-2cpu", "odd", "damaged"])
    func `the page of a tree is as it was`(tree: String) throws {
        try compare(
            tree, collectors: Self.collectors,
            flags: ["--collector.cpu.info", "--collector.stat.softirq"])
    }

    @Test func `the page of a rack server is as it was`() throws {
        try compare(
            "rack", collectors: Self.rackCollectors,
            flags: [
                "--collector.cpu.info", "--collector.stat.softirq",
                "--collector.bcache.priorityStats",
            ], includesCollectorMetrics: true)
    }

    @Test(arguments: ["gateway", "gateway-damaged"])
    func `the page of a gateway is as it was`(tree: String) throws {
        try compare(
            tree, collectors: Self.gatewayCollectors, flags: ["--no-collector.arp.netlink"],
            includesCollectorMetrics: true)
    }

    private func compare(
        _ tree: String, collectors: [String], flags: [String],
        includesCollectorMetrics: Bool = false
    ) throws {
        let lines = try Trees.lines(
            tree, collectors: collectors, flags: flags,
            includesCollectorMetrics: includesCollectorMetrics
        ).filter {
            !$0.hasPrefix("ml_exporter_collector_cpu_seconds_total{")
        }
        let page = lines.joined(separator: "\n") + "\n"
        let path = Trees.path("golden/\(tree).prom")
        if unsafe getenv("UPDATE_GOLDEN") != nil { try writeFile(Array(page.utf8), at: path) }
        var file = KernelFile(path: path, limit: 4 << 20)
        var text = Buffer(capacity: 1 << 16)
        try file.read(into: &text)
        let golden = text.bytes.string.split(separator: "\n").map(String.init)
        #expect(lines.filter { !golden.contains($0) } == [])
        #expect(golden.filter { !lines.contains($0) } == [])
        #expect(text.bytes.string == page)
    }
}
