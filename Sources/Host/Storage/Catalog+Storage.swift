extension Catalog {
    static let storage: [Entry] = [
        Entry(BlockCache.self, "Caches for block devices.") { machine, settings in
            BlockCache(machine, showsPriorities: settings.storage.showsCachePriorities)
        },
        Entry(BlockCacheFilesystem.self, "bcachefs file systems.") { machine, _ in
            BlockCacheFilesystem(machine)
        },
        Entry(Disk.self, "Disk I/O.") { machine, settings in
            Disk(machine.roots, settings.storage.disks)
        },
        Entry(Filesystem.self, "Space of file systems.") { machine, settings in
            Filesystem(machine.roots, settings.storage.filesystem)
        },
        Entry(ExtentFilesystem.self, "XFS file systems.") { machine, _ in
            ExtentFilesystem(machine)
        },
        Entry(FibreChannel.self, "Fibre Channel adapters.") { machine, _ in
            FibreChannel(machine)
        },
        Entry(
            MountStatistics.self, runsByDefault: false, "What NFS mounts have cost."
        ) { machine, _ in
            MountStatistics(machine.roots)
        },
        Entry(Multipath.self, "Block devices with several paths.") { machine, _ in
            Multipath(machine)
        },
        Entry(NetworkFileClient.self, "Calls of the NFS client.") { machine, _ in
            NetworkFileClient(machine.roots)
        },
        Entry(NetworkFileServer.self, "Work of the NFS server.") { machine, _ in
            NetworkFileServer(machine.roots)
        },
        Entry(NVMe.self, "NVMe controllers and namespaces.") { machine, _ in NVMe(machine) },
        Entry(PoolFilesystem.self, "ZFS, its pools and datasets.") { machine, _ in
            PoolFilesystem(machine)
        },
        Entry(Raid.self, "Software RAID.") { machine, _ in Raid(machine) },
        Entry(Tape.self, "Tape drives.") { machine, settings in
            Tape(machine, settings.storage.tapes)
        },
        Entry(TreeFilesystem.self, "Btrfs file systems.") { machine, _ in
            TreeFilesystem(machine)
        },
    ]
}
