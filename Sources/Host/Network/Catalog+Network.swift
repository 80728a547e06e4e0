extension Catalog {
    static let network: [Entry] = [
        Entry(NetDev.self, "Network devices.") { machine, settings in
            NetDev(machine.roots, settings.network.devices)
        },
        Entry(NetClass.self, "State and properties of network interfaces.") {
            NetClass($0.roots, $1.network.interfaces)
        },
        Entry(Netstat.self, "Counters of network protocols.") {
            Netstat($0.roots, $1.network.statisticsPattern)
        },
        Entry(Sockstat.self, "Sockets in use.") { machine, _ in
            Sockstat(machine.roots)
        },
        Entry(Softnet.self, "Received packets by CPU.") { machine, _ in
            Softnet(machine.roots)
        },
        Entry(Conntrack.self, "Tracked connections.") { machine, _ in
            Conntrack(machine.roots)
        },
        Entry(ARP.self, "IPv4 neighbours by device.") {
            ARP($0.roots, $1.network.neighbours)
        },
        Entry(UDPQueues.self, "Bytes in the queues of UDP.") { machine, _ in
            UDPQueues(machine.roots)
        },
        Entry(TCPStat.self, runsByDefault: false, "TCP sockets by state.") { machine, _ in
            TCPStat(machine.roots)
        },
        Entry(NetworkRoutes.self, runsByDefault: false, "Routes.") {
            NetworkRoutes($1.network.common)
        },
        Entry(Bonding.self, "Bonded interfaces.") { Bonding($0.roots, $1.network.common) },
        Entry(InfiniBand.self, "InfiniBand devices.") {
            InfiniBand($0, $1.network.infiniBand)
        },
        Entry(IPVS.self, "Virtual servers of IPVS.") {
            IPVS($0.roots, labels: $1.network.serverLabels)
        },
    ]
}
