extension Catalog {
    static let network: [Entry] = [
        Entry(Network.self, "Network devices.") { machine, settings in
            Network(machine.roots, settings.network.devices)
        },
        Entry(NetworkInterfaces.self, "State and properties of network interfaces.") {
            NetworkInterfaces($0.roots, $1.network.interfaces)
        },
        Entry(ProtocolStatistics.self, "Counters of network protocols.") {
            ProtocolStatistics($0.roots, $1.network.statisticsPattern)
        },
        Entry(SocketStatistics.self, "Sockets in use.") { machine, _ in
            SocketStatistics(machine.roots)
        },
        Entry(PacketProcessing.self, "Received packets by CPU.") { machine, _ in
            PacketProcessing(machine.roots)
        },
        Entry(ConnectionTracking.self, "Tracked connections.") { machine, _ in
            ConnectionTracking(machine.roots)
        },
        Entry(Neighbours.self, "IPv4 neighbours by device.") {
            Neighbours($0.roots, $1.network.neighbours)
        },
        Entry(DatagramQueues.self, "Bytes in the queues of UDP.") { machine, _ in
            DatagramQueues(machine.roots)
        },
        Entry(ConnectionStates.self, runsByDefault: false, "TCP sockets by state.") { machine, _ in
            ConnectionStates(machine.roots)
        },
        Entry(Routes.self, runsByDefault: false, "Routes.") { Routes($1.network.common) },
        Entry(Bonding.self, "Bonded interfaces.") { Bonding($0.roots, $1.network.common) },
        Entry(InfiniBand.self, "InfiniBand devices.") {
            InfiniBand($0, $1.network.infiniBand)
        },
        Entry(VirtualServers.self, "Virtual servers of IPVS.") {
            VirtualServers($0.roots, labels: $1.network.serverLabels)
        },
    ]
}
