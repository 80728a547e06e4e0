import Testing

@testable import Host

/// /proc/mdstat as kernels have written it.
struct RaidTests {
    private func page(_ text: String) throws -> SmallTree {
        try SmallTree("mdadm", files: ["proc/mdstat": text, "sys/block/.keep": ""])
    }

    @Test func `disks are counted by what they do`() throws {
        let page = try page(
            """
            Personalities : [raid1] [raid6] [raid5] [raid4]
            md1 : active raid5 sdf1[4](S) sde1[3] sdd1[1](F) sdc1[0]
                  39061504 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [U_U]

            unused devices: <none>

            """)
        #expect(page[#"node_md_disks{device="md1",state="active"}"#] == 2)
        #expect(page[#"node_md_disks{device="md1",state="failed"}"#] == 1)
        #expect(page[#"node_md_disks{device="md1",state="spare"}"#] == 1)
        #expect(page[#"node_md_disks_required{device="md1"}"#] == 3)
        #expect(page[#"node_md_state{device="md1",state="active"}"#] == 1)
        #expect(page[#"node_md_blocks_synced{device="md1"}"#] == 39061504)
        #expect(page.skippedLines == 0)
    }

    @Test(
        arguments: [
            ("recovery =  8.5% (16775552/195310144) finish=17.0min speed=1K/sec", "recovering"),
            ("resync =  8.5% (16775552/195310144) finish=17.0min speed=1K/sec", "resync"),
            ("check =  8.5% (16775552/195310144) finish=17.0min speed=1K/sec", "check"),
        ])
    func `a synchronisation is exposed with its progress`(line: String, state: String) throws {
        let page = try page(
            "md6 : active raid1 sdb2[2] sda2[0]\n      195310144 blocks [2/1] [U_]\n      [=>...]  \(line)\n"
        )
        #expect(page[#"node_md_state{device="md6",state="\#(state)"}"#] == 1)
        #expect(page[#"node_md_state{device="md6",state="active"}"#] == 0)
        #expect(page[#"node_md_blocks_synced{device="md6"}"#] == 16775552)
        #expect(page[#"node_md_blocks{device="md6"}"#] == 195310144)
    }

    @Test func `a synchronisation that waits has done nothing`() throws {
        for word in ["PENDING", "DELAYED"] {
            let page = try page(
                "md4 : active (auto-read-only) raid1 sdk1[0] sdj1[1]\n      293039104 blocks [2/2] [UU]\n      \tresync=\(word)\n"
            )
            #expect(page[#"node_md_blocks_synced{device="md4"}"#] == 0)
            #expect(page[#"node_md_state{device="md4",state="resync"}"#] == 1)
        }
    }

    @Test(arguments: [
        // line, state, whether the line is understood
        ("\tresync=REMOTE", "resync", true),
        ("[===>.....]  resync = unknown (a/b) finish=inf", "resync", false),
        ("[===>.....]  recover =  8.5% finish=17.0min", "recovering", false),
        ("[===>.....]  repair = x", "resync", false),
        ("\tresync=LATER", "resync", false),
        ("[===>.....]  frozen = ?", "active", false),
    ])
    func `progress that is not understood costs only the progress`(
        line: String, state: String, isUnderstood: Bool
    ) throws {
        let page = try page(
            "md0 : active raid1 sdb1[1] sda1[0](F)\n      1000 blocks super 1.2 [2/1] [_U]\n      \(line)\n      bitmap: 0/1 pages [0KB], 65536KB chunk\n"
        )
        #expect(page[#"node_md_disks{device="md0",state="active"}"#] == 1)
        #expect(page[#"node_md_disks{device="md0",state="failed"}"#] == 1)
        #expect(page[#"node_md_disks_required{device="md0"}"#] == 2)
        #expect(page[#"node_md_blocks{device="md0"}"#] == 1000)
        #expect(page[#"node_md_state{device="md0",state="\#(state)"}"#] == 1)
        #expect(page[#"node_md_blocks_synced{device="md0"}"#] == nil)
        #expect(page.skippedLines == (isUnderstood ? 0 : 1))
    }

    @Test func `lines that later kernels may add change nothing`() throws {
        let page = try page(
            """
            Personalities : [raid1]
            md0 : active (read-only) raid1 sdb1[1](W) sda1[0](J)
                  1000 blocks super 1.2 [2/2] [UU]
                  checkpoint: 5 resync later
                  journal: clean

            md1 : active faulty sdc1[0]
                  2000 blocks super 1.2 nfaults

            """)
        #expect(page[#"node_md_state{device="md0",state="active"}"#] == 1)
        #expect(page[#"node_md_blocks_synced{device="md0"}"#] == 1000)
        #expect(page[#"node_md_disks{device="md1",state="active"}"#] == 1)
        #expect(page[#"node_md_disks_required{device="md1"}"#] == 1)
        #expect(page.skippedLines == 0)
    }

    @Test func `without redundancy every disk is needed`() throws {
        for level in ["raid0", "linear"] {
            let page = try page(
                "md2 : active \(level) sdh1[1] sdg1[0]\n      7813772288 blocks super 1.2\n")
            #expect(page[#"node_md_disks{device="md2",state="active"}"#] == 2)
            #expect(page[#"node_md_disks_required{device="md2"}"#] == 2)
        }
    }

    @Test func `an inactive array needs no bracketed pair`() throws {
        let page = try page("md3 : inactive sdi1[2](S)\n      1953382144 blocks super 1.2\n")
        #expect(page[#"node_md_state{device="md3",state="inactive"}"#] == 1)
        #expect(page[#"node_md_disks{device="md3",state="spare"}"#] == 1)
    }

    @Test(arguments: [
        "md1\n", "md1 : active\n", "md1 : active raid1 sda1[0]\n",
        "md1 : active raid1 sda1[0]\n      x blocks\n",
        "md1 : active raid1 sda1[0]\n      10 blocks [2/2\n",
        "md1 : active raid1 sda1[0]\n      99999999999999999999 blocks [1/1] [U]\n", "\u{1}\u{2}\n",
    ])
    func `an array with malformed lines is skipped alone`(text: String) throws {
        let page = try page(
            text + "md9 : active raid1 sdi1[0] sdj1[1]\n      248896 blocks [2/2] [UU]\n")
        #expect(page.skippedLines > 0 && page.isSuccess)
        #expect(!page.lines.contains { $0.contains("md1\"") })
        #expect(page[#"node_md_blocks{device="md9"}"#] == 248896)
    }

    @Test func `what sysfs tells of an array stands beside`() throws {
        let page = try SmallTree(
            "mdadm",
            files: [
                "proc/mdstat": "", "sys/block/md1/md/level": "raid5\n",
                "sys/block/md1/md/raid_disks": "11 (10)\n", "sys/block/md1/md/degraded": "2\n",
                "sys/block/md2/md/level": "raid0\n", "sys/block/md2/md/raid_disks": "2\n",
                "sys/block/md127/md/level": "container\n",
                "sys/block/md127/md/raid_disks": "0\n",
            ])
        #expect(page[#"node_md_raid_disks{device="md1"}"#] == 11)
        #expect(page[#"node_md_degraded{device="md1"}"#] == 2)
        #expect(page[#"node_md_degraded{device="md2"}"#] == 0)
        #expect(page[#"node_md_raid_disks{device="md127"}"#] == nil)
    }
}
