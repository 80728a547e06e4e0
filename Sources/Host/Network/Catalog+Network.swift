extension Catalog {
    static let network: [Entry] = [
        Entry(NetDev.self, summary: "Network devices.") { machine, settings in
            NetDev(machine.roots, settings: settings.network.devices)
        },
        Entry(NetClass.self, summary: "State and properties of network interfaces.") {
            NetClass($0.roots, settings: $1.network.interfaces)
        },
        Entry(Netstat.self, summary: "Counters of network protocols.") {
            Netstat($0.roots, pattern: $1.network.statisticsPattern)
        },
        Entry(Sockstat.self, summary: "Sockets in use.") { machine, _ in
            Sockstat(machine.roots)
        },
        Entry(Softnet.self, summary: "Received packets by CPU.") { machine, _ in
            Softnet(machine.roots)
        },
        Entry(Conntrack.self, summary: "Tracked connections.") { machine, _ in
            Conntrack(machine.roots)
        },
        Entry(ARP.self, summary: "IPv4 neighbours by device.") {
            ARP($0.roots, settings: $1.network.neighbours)
        },
        Entry(UDPQueues.self, summary: "Bytes in the queues of UDP.") { machine, _ in
            UDPQueues(machine.roots)
        },
        Entry(TCPStat.self, runsByDefault: false, summary: "TCP sockets by state.") { machine, _ in
            TCPStat(machine.roots)
        },
        Entry(NetworkRoutes.self, runsByDefault: false, summary: "Routes.") {
            NetworkRoutes($1.network.common)
        },
        Entry(Bonding.self, summary: "Bonded interfaces.") {
            Bonding($0.roots, filter: $1.network.common)
        },
        Entry(InfiniBand.self, summary: "InfiniBand devices.") {
            InfiniBand($0, filter: $1.network.infiniBand)
        },
        Entry(IPVS.self, summary: "Virtual servers of IPVS.") {
            IPVS($0.roots, labels: $1.network.serverLabels)
        },
    ]
}
