extension Catalog {
    static let memory: [Entry] = [
        Entry(MemInfo.self, "Memory.") { machine, _ in MemInfo(machine.roots) },
        Entry(VMStat.self, "Paging and other events of the virtual memory.") {
            VMStat($0.roots, $1.memory.pagingPattern)
        },
        Entry(BuddyInfo.self, runsByDefault: false, "Free blocks of memory by size.") {
            machine, _ in BuddyInfo(machine.roots)
        },
        Entry(MemInfoNUMA.self, runsByDefault: false, "Memory of NUMA nodes.") { machine, _ in
            MemInfoNUMA(machine)
        },
        Entry(ZoneInfo.self, runsByDefault: false, "Zones of memory.") { machine, _ in
            ZoneInfo(machine.roots)
        },
    ]
}
