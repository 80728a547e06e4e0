extension Catalog {
    static let memory: [Entry] = [
        Entry(Memory.self, "Memory.") { machine, _ in Memory(machine.roots) },
        Entry(PagingStatistics.self, "Paging and other events of the virtual memory.") {
            PagingStatistics($0.roots, $1.memory.pagingPattern)
        },
        Entry(FreeBlocks.self, runsByDefault: false, "Free blocks of memory by size.") {
            machine, _ in FreeBlocks(machine.roots)
        },
        Entry(MemoryNodes.self, runsByDefault: false, "Memory of NUMA nodes.") { machine, _ in
            MemoryNodes(machine)
        },
        Entry(MemoryZones.self, runsByDefault: false, "Zones of memory.") { machine, _ in
            MemoryZones(machine.roots)
        },
    ]
}
