import Testing

/// Which devices the collectors of the network show.
struct NetworkFilterTests {
    private static let collectors = ["arp", "bonding", "netclass", "netdev"]

    private func devices(_ flags: [String]) throws -> [String: Set<String>] {
        let lines = try Trees.lines(
            "gateway", collectors: Self.collectors, flags: ["--no-collector.arp.netlink"] + flags)
        var found: [String: Set<String>] = [:]
        let families = [
            "arp": "node_arp_entries{device=", "bonding": "node_bonding_slaves{master=",
            "netclass": "node_network_up{device=",
            "netdev": "node_network_receive_bytes_total{device=",
        ]
        for (collector, start) in families {
            found[collector] = Set(
                lines.filter { $0.hasPrefix(start) }.map {
                    String($0.split(separator: "\"")[1])
                })
        }
        return found
    }

    @Test func `without flags every device is shown`() throws {
        let devices = try devices([])
        #expect(
            devices["netclass"] == [
                "lo", "eth0", "eth1", "bond0", "bond1", "bond2", "veth0a1b2c3", "ib0",
            ])
        #expect(devices["netclass"] == devices["netdev"])
        #expect(devices["arp"] == ["eth0", "bond0", "veth0a1b2c3"])
        #expect(devices["bonding"] == ["bond0", "bond1", "bond2"])
    }

    @Test func `one filter holds for all collectors`() throws {
        let included = try devices(["--collector.network.device-include=^(eth|bond0)"])
        #expect(included["netclass"] == ["eth0", "eth1", "bond0"])
        #expect(included["netdev"] == ["eth0", "eth1", "bond0"])
        #expect(included["arp"] == ["eth0", "bond0"])
        #expect(included["bonding"] == ["bond0"])
        let excluded = try devices(["--collector.network.device-exclude=^(lo|eth.*|bond0)$"])
        #expect(excluded["netclass"] == ["bond1", "bond2", "veth0a1b2c3", "ib0"])
        #expect(excluded["bonding"] == ["bond1", "bond2"])
    }

    @Test func `a collector's own filter narrows the common one`() throws {
        let devices = try devices([
            "--collector.network.device-exclude=^lo$",
            "--collector.netdev.device-include=^(lo|eth0)$",
            "--collector.netclass.ignored-devices=^(eth1|ib0)$",
            "--collector.arp.device-exclude=^bond",
        ])
        #expect(devices["netdev"] == ["eth0"])
        #expect(devices["netclass"] == ["eth0", "bond0", "bond1", "bond2", "veth0a1b2c3"])
        #expect(devices["arp"] == ["eth0", "veth0a1b2c3"])
    }

    @Test func `devices of virtual machines and containers can be excluded with one flag`() throws {
        let devices = try devices(["--collector.network.exclude-guests"])
        #expect(devices["netclass"] == ["lo", "eth0", "eth1", "bond0", "bond1", "bond2", "ib0"])
        #expect(devices["arp"] == ["eth0", "bond0"])
    }

    @Test func `an invalid speed can be left out`() throws {
        let shown = try Trees.lines("gateway", collectors: ["netclass"])
        #expect(shown.contains(#"node_network_speed_bytes{device="eth1"} -125000"#))
        let hidden = try Trees.lines(
            "gateway", collectors: ["netclass"],
            flags: ["--collector.netclass.ignore-invalid-speed"])
        #expect(!hidden.contains { $0.hasPrefix(#"node_network_speed_bytes{device="eth1"}"#) })
        #expect(hidden.contains(#"node_network_speed_bytes{device="eth0"} 1.25e+09"#))
    }
}
