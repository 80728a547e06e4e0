extension Catalog {
    static let memory: [Entry] = [
        Entry(Memory.self, "Memory.") { machine, _ in Memory(machine.roots) }
    ]
}
