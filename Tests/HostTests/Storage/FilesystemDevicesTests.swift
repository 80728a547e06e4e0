import Testing

@testable import Host

/// File systems and controllers in sysfs and procfs: what is peculiar about each.
struct FilesystemDevicesTests {
    @Test func `layouts of Btrfs take so many bytes on devices`() {
        #expect(Btrfs.ratio("single", devices: 1) == 1)
        #expect(Btrfs.ratio("dup", devices: 1) == 2)
        #expect(Btrfs.ratio("raid1c4", devices: 4) == 4)
        #expect(Btrfs.ratio("raid5", devices: 3) == 1.5)
        #expect(Btrfs.ratio("raid6", devices: 4) == 2)
        #expect(Btrfs.ratio("later", devices: 4) == 0)
        // With devices missing a ratio cannot be told; it is no division by zero.
        #expect(Btrfs.ratio("raid5", devices: 1) == 0)
        #expect(Btrfs.ratio("raid6", devices: 1) == 0)
    }

    @Test func `errors and missing devices of Btrfs are exposed by device ID`() throws {
        let folder = "sys/fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d"
        var files = [
            "\(folder)/allocation/data/raid5/total_bytes": "20\n",
            "\(folder)/devices/sda/size": "100\n", "\(folder)/devices/sdb/size": "100\n",
            "\(folder)/devinfo/3/missing": "1\n", "\(folder)/devinfo/3/error_stats": "invalid\n",
            "\(folder)/devinfo/0/missing": "0\n",
        ]
        for (number, errors) in [(1, 4), (2, 7)] {
            files["\(folder)/devinfo/\(number)/missing"] = "0\n"
            files["\(folder)/devinfo/\(number)/error_stats"] =
                "write_errs 0\nread_errs 1\nflush_errs 2\ncorruption_errs \(errors)\ngeneration_errs 3\nlater_errs 9\nbad\n"
        }
        let page = try SmallTree("btrfs", files: files)
        let uuid = #"uuid="0abb23a9-579b-43e6-ad30-227ef47fcb9d""#
        func errors(_ device: Int, _ type: String) -> Double? {
            page[#"node_btrfs_device_errors_total{devid="\#(device)",type="\#(type)",\#(uuid)}"#]
        }
        #expect(errors(1, "corruption") == 4 && errors(2, "corruption") == 7)
        #expect(errors(1, "write") == 0 && errors(1, "read") == 1 && errors(1, "flush") == 2)
        #expect(errors(1, "generation") == 3)
        #expect(errors(3, "write") == nil)
        #expect(page[#"node_btrfs_device_missing{devid="1",\#(uuid)}"#] == 0)
        #expect(page[#"node_btrfs_device_missing{devid="3",\#(uuid)}"#] == 1)
        // The missing device is a member: 3 / (3 - 1).
        #expect(
            page[
                #"node_btrfs_allocation_ratio{block_group_type="data",mode="raid5",\#(uuid)}"#]
                == 1.5)
        #expect(page.skippedLines == 2)
    }

    @Test func `namespaces of NVMe are a controller's own and its paths to shared ones`() {
        let entries = [
            "nvme0n1", "nvme10n12", "nvme0c1n1", "nvme0c1n3", "nvme0", "hwmon1", "nvmexn1",
            "nvme0n", "nvme0n2p1", "nvme0cn4", "nvme0c1", "ng0n5",
        ]
        let found = NVMe.namespaces(entries).map { "\($0.number) \($0.entry)" }
        #expect(found == ["1 nvme0n1", "3 nvme0c1n3", "12 nvme10n12"])
    }

    @Test func `a namespace that controllers share is shown by each one's path`() throws {
        var files: [String: String] = [:]
        for (controller, state) in [(0, "optimized"), (1, "inaccessible")] {
            let folder = "sys/class/nvme/nvme\(controller)/nvme0c\(controller)n1"
            files["\(folder)/size"] = "1953525168\n"
            files["\(folder)/nuse"] = "244190646\n"
            files["\(folder)/queue/logical_block_size"] = "4096\n"
            files["\(folder)/ana_state"] = "\(state)\n"
        }
        let page = try SmallTree("nvme", files: files)
        for (controller, state) in [(0, "optimized"), (1, "inaccessible")] {
            let labels = #"device="nvme\#(controller)",nsid="1""#
            #expect(page["node_nvme_namespace_size_bytes{\(labels)}"] == 1_000_204_886_016)
            #expect(page["node_nvme_namespace_used_bytes{\(labels)}"] == 1_000_204_886_016)
            #expect(page["node_nvme_namespace_info{ana_state=\"\(state)\",\(labels)}"] == 1)
        }
    }

    @Test func `a namespace's size is read in sectors, its use in logical blocks`() throws {
        let page = try SmallTree(
            "nvme",
            files: [
                "sys/class/nvme/nvme0/model": "M\n", "sys/class/nvme/nvme0/nvme0n1/size": "1000\n",
                "sys/class/nvme/nvme0/nvme0n1/nuse": "10\n",
                "sys/class/nvme/nvme0/nvme0n1/queue/logical_block_size": "4096\n",
            ])
        #expect(
            page[#"node_nvme_namespace_capacity_bytes{device="nvme0",nsid="1"}"#] == 512_000)
        #expect(page[#"node_nvme_namespace_size_bytes{device="nvme0",nsid="1"}"#] == 512_000)
        #expect(page[#"node_nvme_namespace_used_bytes{device="nvme0",nsid="1"}"#] == 40960)
        #expect(
            page[#"node_nvme_namespace_info{ana_state="unknown",device="nvme0",nsid="1"}"#] == 1)
    }

    @Test func `a dataset of ZFS may have blanks in its name`() throws {
        let page = try SmallTree(
            "zfs",
            files: [
                "proc/spl/kstat/zfs/tank/objset-0x36": """
                41 1 0x01 7 2160 5214787391 4405
                name                            type data
                dataset_name                    7    tank/all of it
                writes                          4    4
                bad                             4    x

                """,
                "proc/spl/kstat/zfs/tank/state": "SUSPENDED\n",
            ])
        #expect(
            page[#"node_zfs_zpool_dataset_writes{dataset="tank/all of it",zpool="tank"}"#] == 4)
        #expect(page[#"node_zfs_zpool_state{state="suspended",zpool="tank"}"#] == 1)
        #expect(page[#"node_zfs_zpool_state{state="online",zpool="tank"}"#] == 0)
        #expect(page.skippedLines == 1)
    }

    @Test func `names of ZFS statistics become names of metrics`() throws {
        let page = try SmallTree(
            "zfs",
            files: [
                "proc/spl/kstat/zfs/fm":
                    "8 1 0x01 1 2 3 4\nname type data\nerpt-dropped 4 18\nnew 4 1\nsig 3 -5\n"
            ])
        #expect(page["node_zfs_fm_erpt_dropped"] == 18)
        #expect(page["node_zfs_fm_sig"] == -5)
    }

    @Test func `columns of XFS that are missing cost their line`() throws {
        let page = try SmallTree(
            "xfs",
            files: [
                "sys/fs/xfs/sda1/stats/stats":
                    "extent_alloc 1 2 3\nabt 1 2 3 4\nrw 28 42\nunknown 1\nvnodes x\n"
            ])
        #expect(page[#"node_xfs_read_calls_total{device="sda1"}"#] == 42)
        #expect(page[#"node_xfs_extent_allocation_extents_allocated_total{device="sda1"}"#] == nil)
        #expect(page.skippedLines == 2)
    }

    @Test func `a mount's address is that of the file system mounted last`() throws {
        let page = try SmallTree(
            "mountstats",
            files: [
                "proc/self/mountinfo": """
                31 27 0:41 / /srv rw - nfs4 server:/x rw,vers=4.2,addr=192.0.2.7
                32 27 0:42 / /srv rw - nfs4 server:/x rw,vers=4.2,addr=192.0.2.8

                """,
                "proc/self/mountstats": """
                device server:/x mounted on /srv with fstype nfs4 statvers=1.1
                \tage:\t7
                \tbytes:\t1 2 3 4 5 6 7 8
                \txprt:\ttcp 832 0 1 0 11 6428 6428 0 12154 0 24 26 5726
                \tper-op statistics
                \t        READ: 2 2 0 207680 1210292152 6 79386 79407 0
                \t        BAD: 2 2

                """,
            ])
        let labels = #"export="server:/x",mountaddr="192.0.2.8""#
        #expect(
            page["node_mountstats_nfs_read_bytes_total{\(labels),protocol=\"tcp\"}"] == 1)
        #expect(page.skippedLines == 1)
    }

    @Test func `operations of NFS 4 stand in the kernel's order`() throws {
        let page = try SmallTree(
            "nfsd",
            files: [
                "proc/net/rpc/nfsd": """
                rc 0 6 18622
                th 8 0 0.000 1.5
                proc4ops 40 \((0..<40).map(String.init).joined(separator: " "))
                wdeleg_getattr 15
                net 1 2
                unknown 1 2 3

                """
            ])
        #expect(page[#"node_nfsd_requests_total{method="Access",proto="4"}"#] == 3)
        #expect(page[#"node_nfsd_requests_total{method="RelLockOwner",proto="4"}"#] == 39)
        #expect(page[#"node_nfsd_requests_total{method="WdelegGetattr",proto="4"}"#] == 15)
        #expect(page["node_nfsd_server_threads"] == 8)
        #expect(page["node_nfsd_connections_total"] == nil)
        #expect(page.skippedLines == 1)
    }

    @Test func `an adapter that does not count says all ones`() throws {
        let folder = "sys/class/fc_host/host0"
        let page = try SmallTree(
            "fibrechannel",
            files: [
                "\(folder)/port_name": "0x1000e0071bce95f2\n", "\(folder)/speed": "16 Gbit\n",
                "\(folder)/statistics/rx_frames": "0x3\n",
                "\(folder)/statistics/dumped_frames": "0xffffffffffffffff\n",
            ])
        #expect(page[#"node_fibrechannel_rx_frames_total{fc_host="host0"}"#] == 3)
        #expect(page[#"node_fibrechannel_dumped_frames_total{fc_host="host0"}"#] == nil)
        #expect(
            page.lines.contains {
                $0.contains(#"port_name="1000e0071bce95f2""#) && $0.contains(#"speed="16 Gbit""#)
            })
    }

    @Test func `a path counts as active when its disk runs or its controller lives`() throws {
        var files = [
            "sys/block/dm-0/dm/uuid": "mpath-36\n", "sys/block/dm-0/dm/name": "m\n",
            "sys/block/dm-0/dm/suspended": "0\n", "sys/block/dm-0/size": "8\n",
            "sys/block/dm-1/dm/uuid": "LVM-x\n", "sys/block/dm-1/dm/name": "root\n",
        ]
        for (disk, state) in [("sda", "running"), ("sdb", "offline"), ("nvme1n1", "live")] {
            files["sys/block/dm-0/slaves/\(disk)/.keep"] = ""
            files["sys/block/\(disk)/device/state"] = "\(state)\n"
        }
        let page = try SmallTree("dmmultipath", files: files)
        let labels = #"{device="m",sysfs_name="dm-0"}"#
        #expect(page["node_dmmultipath_device_paths\(labels)"] == 3)
        #expect(page["node_dmmultipath_device_paths_active\(labels)"] == 2)
        #expect(page["node_dmmultipath_device_paths_failed\(labels)"] == 1)
        #expect(page["node_dmmultipath_device_size_bytes\(labels)"] == 4096)
        #expect(!page.lines.contains { $0.contains("root") })
    }
}
