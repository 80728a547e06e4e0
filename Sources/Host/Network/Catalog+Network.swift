extension Catalog {
    static let network: [Entry] = [
        Entry(Network.self, "Network devices.") { machine, settings in
            Network(machine.roots, settings.network.devices)
        }
    ]
}
