extension Catalog {
    static let storage: [Entry] = [
        Entry(Bcache.self, "Caches for block devices.") { machine, settings in
            Bcache(machine, showsPriorities: settings.storage.showsCachePriorities)
        },
        Entry(Bcachefs.self, "bcachefs file systems.") { machine, _ in
            Bcachefs(machine)
        },
        Entry(DiskStats.self, "Disk I/O.") { machine, settings in
            DiskStats(machine.roots, settings.storage.disks)
        },
        Entry(Filesystem.self, "Space of file systems.") { machine, settings in
            Filesystem(machine.roots, settings.storage.filesystem)
        },
        Entry(XFS.self, "XFS file systems.") { machine, _ in
            XFS(machine)
        },
        Entry(FibreChannel.self, "Fibre Channel adapters.") { machine, _ in
            FibreChannel(machine)
        },
        Entry(
            MountStats.self, runsByDefault: false, "What NFS mounts have cost."
        ) { machine, _ in
            MountStats(machine.roots)
        },
        Entry(DMMultipath.self, "Block devices with several paths.") { machine, _ in
            DMMultipath(machine)
        },
        Entry(NFS.self, "Calls of the NFS client.") { machine, _ in
            NFS(machine.roots)
        },
        Entry(NFSD.self, "Work of the NFS server.") { machine, _ in
            NFSD(machine.roots)
        },
        Entry(NVMe.self, "NVMe controllers and namespaces.") { machine, _ in NVMe(machine) },
        Entry(ZFS.self, "ZFS, its pools and datasets.") { machine, _ in
            ZFS(machine)
        },
        Entry(MDAdm.self, "Software RAID.") { machine, _ in MDAdm(machine) },
        Entry(TapeStats.self, "Tape drives.") { machine, settings in
            TapeStats(machine, settings.storage.tapes)
        },
        Entry(Btrfs.self, "Btrfs file systems.") { machine, _ in
            Btrfs(machine)
        },
    ]
}
