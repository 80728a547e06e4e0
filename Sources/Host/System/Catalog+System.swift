extension Catalog {
    static let system: [Entry] = [
        Entry(SystemClock.self, "Time and clock sources.") { machine, _ in
            SystemClock(machine.roots)
        },
        Entry(SystemName.self, "Name and release of the system.") { _, _ in SystemName() },
    ]
}
