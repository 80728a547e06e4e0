import Exposition
import Kernel
import Settings
import Testing

@testable import Host

/// The files of /proc/net.
struct NetworkTextTests {
    @Test func `a pair of lines that do not match is skipped alone`() {
        let (lines, skipped) = statistics(
            """
            TcpExt: ListenDrops ListenOverflows
            TcpExt: 5
            IpExt: InOctets OutOctets
            IpExt: 7 -1

            Lonely: A B
            TcpExt: ListenDrops
            TcpExt: x
            """)
        #expect(
            lines == ["node_netstat_IpExt_InOctets 7", "node_netstat_IpExt_OutOctets -1"])
        #expect(skipped == 4)
    }

    @Test func `columns are known by the names above them`() {
        var all = Netstat(Trees.roots("nowhere"), pattern: nil)
        func lines(_ text: String) -> [String] {
            var page = Page(format: .text, body: Buffer(capacity: 4096))
            let bytes = Array(text.utf8)
            #expect(all.writeExtended(bytes.span, to: &page) == 0)
            return samples(page)
        }
        #expect(lines("A: x y\nA: 1 2\n") == ["node_netstat_A_x 1", "node_netstat_A_y 2"])
        // Another kernel has another order.
        #expect(lines("A: y x\nA: 1 2\n") == ["node_netstat_A_y 1", "node_netstat_A_x 2"])
        #expect(
            lines("B: z\nB: 3\nA: y x\nA: 1 2\n") == [
                "node_netstat_B_z 3", "node_netstat_A_y 1", "node_netstat_A_x 2",
            ])
    }

    @Test func `the protocols of IPv6 end with the first 6`() {
        var all = Netstat(Trees.roots("nowhere"), pattern: nil)
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        let text = Array(
            "Ip6InOctets 1\nIcmp6OutType135  \t2\nNone 3\nUdp6 x\nUdp6No-Ports 4\n".utf8)
        #expect(all.write6(text.span, to: &page) == 2)
        #expect(
            samples(page) == ["node_netstat_Ip6_InOctets 1", "node_netstat_Icmp6_OutType135 2"])
    }

    @Test func `sockets in use, their memory in pages and bytes`() {
        let sockets = Sockstat(Trees.roots("nowhere"))
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        let text = Array(
            "sockets: used 229\nTCP: inuse 4 mem 1 unknown 9\nUDP: inuse x\nB-D: inuse 1\nRAW\n"
                .utf8)
        #expect(sockets.write(text.span, to: &page) == 3)
        #expect(
            samples(page) == [
                "node_sockstat_sockets_used 229", "node_sockstat_TCP_inuse 4",
                "node_sockstat_TCP_mem 1", "node_sockstat_TCP_mem_bytes 4096",
            ])
    }

    @Test func `a CPU's packets are under its number when the kernel tells it`() throws {
        var packets = Softnet(Trees.roots("nowhere"))
        func lines(_ text: String) -> [String] {
            let bytes = Array(text.utf8)
            _ = packets.parse(bytes.span)
            var page = Page(format: .text, body: Buffer(capacity: 4096))
            packets.write(to: &page)
            return samples(page)
        }
        let new = lines("ff 1 2 0 0 0 0 0 3 4 5 6 7 0 0\n")
        #expect(new.contains(#"node_softnet_processed_total{cpu="7"} 255"#))
        #expect(new.contains(#"node_softnet_backlog_len{cpu="7"} 6"#))
        let old = lines("1 0 0 0 0 0 0 0 0\n\n2 0 0 0 0 0 0 0 0\n1 2 3\n")
        #expect(old.contains(#"node_softnet_processed_total{cpu="0"} 1"#))
        #expect(old.contains(#"node_softnet_processed_total{cpu="2"} 2"#))
        #expect(old.contains(#"node_softnet_flow_limit_count_total{cpu="2"} 0"#))
    }

    private static let virtualServers = """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port Scheduler Flags
          -> RemoteAddress:Port Forward Weight ActiveConn InActConn
          -> 0A000009:0050 Masq 1 1 1
        TCP  0A000001:0050 wlc
          -> 0A000002:0050 Masq 10 4 5
          -> 0A000003:0050 Masq 20 6 7
        TCP  0A000001:01BB wlc
          -> 0A000002:01BB Masq 30 8 9
          -> nonsense Masq 1 1 1
          -> 0A000004:01BB Masq 1 x 1
        FWM  7 wlc
          -> 0A000005:0000 Route 40 2 3

        """
    private static let virtualTotals = "head\nhead\n1 2 3 4 5\n"

    private func virtualServers(_ flags: [String]) throws -> SmallTree {
        try SmallTree(
            "ipvs",
            files: [
                "proc/net/ip_vs": NetworkTextTests.virtualServers,
                "proc/net/ip_vs_stats": NetworkTextTests.virtualTotals,
            ], flags: flags)
    }

    @Test func `every backend of a virtual server has a row, and no other line`() throws {
        let page = try virtualServers([])
        let active = page.lines.filter {
            $0.hasPrefix("node_ipvs_backend_connections_active{")
        }
        #expect(active.count == 4)
        func series(_ name: String, local: String, remote: String, mark: String = "") -> String {
            func split(_ place: String) -> [Substring] { place.split(separator: ":") }
            let (here, there) = (split(local), split(remote))
            return "node_ipvs_backend_\(name){local_address=\"\(mark.isEmpty ? here[0] : "")\","
                + "local_mark=\"\(mark)\",local_port=\"\(here[1])\","
                + "proto=\"\(mark.isEmpty ? "TCP" : "FWM")\",remote_address=\"\(there[0])\","
                + "remote_port=\"\(there[1])\"}"
        }
        for (local, remote, weight, count, idle) in [
            ("10.0.0.1:80", "10.0.0.2:80", 10, 4, 5), ("10.0.0.1:80", "10.0.0.3:80", 20, 6, 7),
            ("10.0.0.1:443", "10.0.0.2:443", 30, 8, 9),
        ] as [(String, String, Double, Double, Double)] {
            #expect(page[series("weight", local: local, remote: remote)] == weight)
            #expect(page[series("connections_active", local: local, remote: remote)] == count)
            #expect(page[series("connections_inactive", local: local, remote: remote)] == idle)
        }
        #expect(page[series("weight", local: "-:0", remote: "10.0.0.5:0", mark: "7")] == 40)
        #expect(page.skippedLines == 3)
    }

    @Test func `backends that differ in labels that are not shown are added up`() throws {
        let page = try virtualServers([
            "--collector.ipvs.backend-labels=local_address,remote_address"
        ])
        let first = #"{local_address="10.0.0.1",remote_address="10.0.0.2"}"#
        #expect(page["node_ipvs_backend_connections_active" + first] == 12)
        #expect(page["node_ipvs_backend_connections_inactive" + first] == 14)
        #expect(page["node_ipvs_backend_weight" + first] == 40)
        let second = #"{local_address="10.0.0.1",remote_address="10.0.0.3"}"#
        #expect(page["node_ipvs_backend_connections_active" + second] == 6)
        #expect(
            page.lines.count { $0.hasPrefix("node_ipvs_backend_weight{") } == 3)
        #expect(page.skippedLines == 3)
    }

    @Test func `rows of tracked connections are added up`() {
        let one = "1 2 3 4 5 6 7 8 9 a b c d e f 10"
        let text = Array("entries\n\(one) 11\n\(one) 12 13\n\(one)\n1 2\n\n\(one) x\n".utf8)
        let (sums, skipped) = Conntrack.parse(text.span)
        #expect(sums[2] == 9)
        #expect(sums[16] == 0x23)
        #expect(skipped == 3)
    }

    @Test func `queues of datagrams are added up`() {
        let text = Array(
            """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when
               0: 00000000:0016 00000000:0000 0A 00000015:00000001 00:00000000
               1: 00000000:0016 00000000:0000 0A ffffffff:00000002 00:00000000
               2: 00000000:0016 00000000:0000 0A 00000015:
               3: 00000000:0016

            """.utf8)
        #expect(UDPQueues.parse(text.span) == (0x1_0000_0014, 3, 2))
    }

    @Test func `neighbours are counted by device`() {
        var errors = ValidationErrors()
        let everything = Filter(flag: "--f", include: nil, exclude: "^veth", errors: &errors)
        var neighbours = ARP(
            Trees.roots("nowhere"), settings: ARPSettings(filter: everything, usesNetlink: false))
        func lines(_ devices: [String]) -> [String] {
            let text = Array(
                ("IP address\n"
                    + devices.map { "192.0.2.1 0x1 0x2 02:fc:00:00:00:01 * \($0)\n" }.joined())
                    .utf8)
            #expect(neighbours.parse(text.span) == 0)
            var page = Page(format: .text, body: Buffer(capacity: 4096))
            neighbours.write(to: &page)
            return samples(page)
        }
        #expect(
            lines(["eth0", "eth1", "eth0", "veth1"]) == [
                #"node_arp_entries{device="eth0"} 2"#, #"node_arp_entries{device="eth1"} 1"#,
            ])
        #expect(lines(["eth1"]) == [#"node_arp_entries{device="eth1"} 1"#])
        #expect(lines([]) == [])
    }

    @Test func `backends that differ only in what is not shown are one`() throws {
        let flag = "--collector.ipvs.backend-labels=proto,local_port"
        let lines = try Trees.lines("gateway", collectors: ["ipvs"], flags: [flag])
        #expect(
            lines.filter { $0.hasPrefix("node_ipvs_backend_connections_active{") } == [
                #"node_ipvs_backend_connections_active{local_port="3306",proto="TCP"} 497"#,
                #"node_ipvs_backend_connections_active{local_port="53",proto="UDP"} 0"#,
                #"node_ipvs_backend_connections_active{local_port="80",proto="TCP"} 2"#,
                #"node_ipvs_backend_connections_active{local_port="0",proto="FWM"} 64"#,
            ])
    }

    @Test func `states and rates of InfiniBand are what stands in front`() {
        func state(_ text: String) -> Double? {
            let bytes = Array(text.utf8)
            return InfiniBand.state(bytes.span)
        }
        func rate(_ text: String) -> Double? {
            let bytes = Array(text.utf8)
            return InfiniBand.rate(bytes.span)
        }
        #expect(state("4: ACTIVE\n") == 4)
        #expect(state("ACTIVE") == nil)
        #expect(rate("100 Gb/sec (4X EDR)\n") == 12_500_000_000)
        #expect(rate("2.5 Gb/sec (1X SDR)\n") == 312_500_000)
        for text in ["", "nan Gb/sec", "-1 Gb/sec", "100", "x"] { #expect(rate(text) == nil) }
    }

    private func statistics(_ text: String) -> (lines: [String], skipped: Int) {
        var statistics = Netstat(Trees.roots("nowhere"), pattern: nil)
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        let bytes = Array(text.utf8)
        let skipped = statistics.writeExtended(bytes.span, to: &page)
        return (samples(page), skipped)
    }

    private func samples(_ page: borrowing Page) -> [String] {
        page.bytes.string.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }
}
