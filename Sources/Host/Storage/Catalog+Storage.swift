extension Catalog {
    static let storage: [Entry] = [
        Entry(Bcache.self, summary: "Caches for block devices.") { machine, settings in
            Bcache(machine, showsPriorities: settings.storage.showsCachePriorities)
        },
        Entry(Bcachefs.self, summary: "bcachefs file systems.") { machine, _ in
            Bcachefs(machine)
        },
        Entry(DiskStats.self, summary: "Disk I/O.") { machine, settings in
            DiskStats(machine.roots, filter: settings.storage.disks)
        },
        Entry(Filesystem.self, summary: "Space of file systems.") { machine, settings in
            Filesystem(machine.roots, settings: settings.storage.filesystem)
        },
        Entry(XFS.self, summary: "XFS file systems.") { machine, _ in
            XFS(machine)
        },
        Entry(FibreChannel.self, summary: "Fibre Channel adapters.") { machine, _ in
            FibreChannel(machine)
        },
        Entry(
            MountStats.self, runsByDefault: false, summary: "Statistics of NFS mounts."
        ) { machine, _ in
            MountStats(machine.roots)
        },
        Entry(DMMultipath.self, summary: "Block devices with several paths.") { machine, _ in
            DMMultipath(machine)
        },
        Entry(NFS.self, summary: "Calls of the NFS client.") { machine, _ in
            NFS(machine.roots)
        },
        Entry(NFSD.self, summary: "Statistics of the NFS server.") { machine, _ in
            NFSD(machine.roots)
        },
        Entry(NVMe.self, summary: "NVMe controllers and namespaces.") { machine, _ in NVMe(machine)
        },
        Entry(ZFS.self, summary: "ZFS, its pools and datasets.") { machine, _ in
            ZFS(machine)
        },
        Entry(MDAdm.self, summary: "Software RAID.") { machine, _ in MDAdm(machine) },
        Entry(TapeStats.self, summary: "Tape drives.") { machine, settings in
            TapeStats(machine, filter: settings.storage.tapes)
        },
        Entry(Btrfs.self, summary: "Btrfs file systems.") { machine, _ in
            Btrfs(machine)
        },
    ]
}
