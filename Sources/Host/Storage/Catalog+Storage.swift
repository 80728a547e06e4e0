extension Catalog {
    static let storage: [Entry] = [
        Entry(Disk.self, "Disk I/O.") { machine, settings in
            Disk(machine.roots, settings.storage.disks)
        },
        Entry(Filesystem.self, "Space of file systems.") { machine, settings in
            Filesystem(machine.roots, settings.storage.filesystem)
        },
    ]
}
