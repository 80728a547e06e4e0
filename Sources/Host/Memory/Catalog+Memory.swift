extension Catalog {
    static let memory: [Entry] = [
        Entry(MemInfo.self, summary: "Memory.") { machine, _ in MemInfo(machine.roots) },
        Entry(VMStat.self, summary: "Paging and other events of the virtual memory.") {
            VMStat($0.roots, pattern: $1.memory.pagingPattern)
        },
        Entry(BuddyInfo.self, runsByDefault: false, summary: "Free blocks of memory by size.") {
            machine, _ in BuddyInfo(machine.roots)
        },
        Entry(MemInfoNUMA.self, runsByDefault: false, summary: "Memory of NUMA nodes.") {
            machine, _ in
            MemInfoNUMA(machine)
        },
        Entry(ZoneInfo.self, runsByDefault: false, summary: "Zones of memory.") { machine, _ in
            ZoneInfo(machine.roots)
        },
    ]
}
