"""The fixture tree `rack`: a server that has one of everything that collectors know.

No such machine exists. What its files look like is what the kernel's documents and drivers say;
the numbers are made up. A `Link` is a symbolic link, as sysfs has them.
"""


class Link(bytes):
    """Where a symbolic link leads."""


Tree = dict[str, bytes]


def text(*lines: str) -> bytes:
    return b"".join(line.encode() + b"\n" for line in lines)


def attributes(folder: str, **values: object) -> Tree:
    """Files of one line each."""
    return {f"{folder}/{name}": text(str(value)) for name, value in values.items()}


# MARK: processors

def processors() -> Tree:
    tree = {
        "proc/stat": text(
            "cpu  40010 300 12000 800000 900 0 210 40 5 2",
            *(f"cpu{n} {10_000 + n} {75 + n} {3000 - n} {200_000 + 11 * n} {225 + n} 0 {50 + n} "
              f"{10 + n} {n} {n % 2}" for n in range(4)),
            "intr 71234567 18 9 0 1 4242", "ctxt 123456789", "btime 1795200000",
            "processes 98765", "procs_running 3", "procs_blocked 1",
            "softirq 1111 1 222 33 444 55 0 66 77 88 125"),
        "proc/loadavg": text("1.25 0.75 0.50 3/456 98765"),
        "proc/cpuinfo": b"".join(text(
            f"processor\t: {n}", "vendor_id\t: AuthenticAMD", "cpu family\t: 25",
            "model\t\t: 17", "model name\t: Example 4-Core Processor", "stepping\t: 1",
            "microcode\t: 0xa101144", f"cpu MHz\t\t: {2400 + 100 * n}.000",
            "cache size\t: 1024 KB", "physical id\t: 0", "siblings\t: 4", f"core id\t\t: {n}",
            "cpu cores\t: 4", "flags\t\t: fpu vme aes avx avx2 constant_tsc",
            "bugs\t\t: spectre_v1 spectre_v2", "") for n in range(4)),
        "proc/schedstat": text(
            "version 17", "timestamp 4295669988",
            *(f"cpu{n} 0 0 {5000 + n} {700 + n} {3000 + n} {2100 + n} {81_000_000_000 + n * 10**9} "
              f"{4_000_000_000 + n} {345_678 + n}\ndomain0 MC f {' '.join(['7'] * 36)}"
              for n in range(4))),
        "proc/softirqs": text(
            "                    CPU0       CPU1       CPU2       CPU3       ",
            *(f"{name:>12}: " + " ".join(f"{base + n:>10}" for n in range(4))
              for name, base in (
                  ("HI", 1), ("TIMER", 424_191), ("NET_TX", 2301), ("NET_RX", 43_066),
                  ("BLOCK", 23_776), ("IRQ_POLL", 0), ("TASKLET", 372), ("SCHED", 378_895),
                  ("HRTIMER", 40), ("RCU", 155_929)))),
        "proc/interrupts": text(
            "            CPU0       CPU1       CPU2       CPU3       ",
            "   0:         44          0          0          0  IR-IO-APIC    2-edge      timer",
            "   9:          0          5          0          0  IR-IO-APIC    9-fasteoi   acpi",
            "  24:     111000       2000          3          0  IR-PCI-MSI-0000:01:00.0    0-edge"
            "      nvme0q0",
            "  25:          0          0        900          1  IR-PCI-MSI 524288-edge      "
            "eth0-rx-0, eth0-tx-0",
            " NMI:          1          2          3          4   Non-maskable interrupts",
            " LOC:   17432635   13577667   16839325   13098007   Local timer interrupts",
            " ERR:          0", " MIS:          0"),
        "sys/devices/system/cpu/offline": text(""),
        "sys/devices/system/cpu/isolated": text("3"),
        "sys/devices/system/clocksource/clocksource0/available_clocksource": text("tsc hpet "),
        "sys/devices/system/clocksource/clocksource0/current_clocksource": text("tsc"),
    }
    for n in range(4):
        folder = f"sys/devices/system/cpu/cpu{n}"
        tree |= attributes(f"{folder}/topology", physical_package_id=0, core_id=n)
        tree |= attributes(
            f"{folder}/thermal_throttle", core_throttle_count=n, package_throttle_count=7)
        # cpu0 is the one whose governor the kernel lets nobody change.
        tree[f"{folder}/cpufreq"] = Link(f"../cpufreq/policy{n}".encode())
        tree |= attributes(
            f"sys/devices/system/cpu/cpufreq/policy{n}",
            cpuinfo_min_freq=400_000, cpuinfo_max_freq=3_700_000,
            scaling_cur_freq=2_400_000 + 100_000 * n, scaling_min_freq=1_500_000,
            scaling_max_freq=3_700_000, scaling_governor="schedutil" if n else "performance",
            scaling_available_governors="performance powersave schedutil ",
            scaling_driver="example", scaling_setspeed="<unsupported>", related_cpus=n,
            cpuinfo_transition_latency=0)
    tree |= attributes("sys/devices/system/cpu/cpufreq/policy1", cpuinfo_cur_freq=2_450_000)
    return tree


def memory() -> Tree:
    names = (
        "MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) "
        "Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked SwapTotal SwapFree Zswap "
        "Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim "
        "KernelStack PageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS "
        "VmallocTotal VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages "
        "ShmemHugePages ShmemPmdMapped").split()
    lines = [f"{name + ':':<18} {(64 * 2**20 >> place) + 8 * place} kB" for place, name in enumerate(names)]
    lines += [f"HugePages_{name}: {place:>8}" for place, name in
              enumerate(("Total", "Free", "Rsvd", "Surp"))]
    lines += ["Hugepagesize:       2048 kB", "DirectMap4k:      203640 kB",
              "DirectMap2M:     5038080 kB", "DirectMap1G:    62914560 kB"]
    return {"proc/meminfo": text(*lines)}


# MARK: hardware

def hardware() -> Tree:
    tree: Tree = {"sys/kernel/uevent_seqnum": text("4711")}

    def chip(number: int, device: str | None, name: str | None, **values: object) -> None:
        folder = f"sys/class/hwmon/hwmon{number}"
        if device:
            tree[f"sys/{device}/modalias"] = text("example")
            tree[f"{folder}/device"] = Link(f"../../../{device}".encode())
        if name:
            tree[f"{folder}/name"] = text(name)
        tree.update(attributes(folder, **values))

    chip(0, "devices/pci0000:00/0000:00:18.3", "k10temp", temp1_input=45_250, temp1_label="Tctl",
         temp1_max=70_000, temp1_crit=95_000, temp1_crit_hyst=90_000, temp1_crit_alarm=0,
         temp3_input=44_125, temp3_label="Tccd1")
    chip(1, "devices/platform/nct6775.656", "nct6798", fan1_input=1200, fan1_min=300,
         fan1_alarm=0, fan1_beep=1, fan1_pulses=2, fan2_input=0, in0_input=1032, in0_min=0,
         in0_max=1744, in0_alarm=0, beep_enable=0, intrusion0_alarm=1, pwm1=128, pwm1_enable=5,
         pwm1_mode=1, temp2_input=-3500, temp2_type=4, cpu0_vid=1250, update_interval=1500)
    chip(2, "devices/pci0000:00/0000:01:00.0/nvme/nvme0", "nvme", temp1_input=38_850,
         temp1_max=81_850, temp1_min=-273_150, temp1_crit=84_850, temp1_alarm=0,
         temp1_label="Composite")
    chip(3, "devices/pci0000:00/0000:02:00.0", "amdgpu", freq1_input=1_800_000_000,
         freq1_label="sclk", in0_input=875, in0_label="vddgfx", power1_average=21_000_000,
         power1_cap=300_000_000, power1_accuracy="12.5%", energy1_input=987_654_321)
    # Two chips of one device, and one of none.
    chip(4, "devices/platform/soc.0/phy0", "phy0", temp1_input=61_000)
    chip(5, "devices/platform/soc.0/phy0", "phy1", temp1_input=62_000)
    chip(6, None, "acpitz", temp1_input=27_800, curr1_input=1500, humidity1_input=45_500)
    tree |= attributes(
        "sys/class/thermal/thermal_zone0", type="x86_pkg_temp", temp=45_000, policy="step_wise",
        mode="enabled")
    tree |= attributes("sys/class/thermal/thermal_zone1", type="acpitz", temp=-5_500,
                       policy="step_wise", mode="enabled")
    tree |= attributes("sys/class/thermal/cooling_device0", type="Processor", cur_state=2,
                       max_state=10)
    tree |= attributes("sys/class/thermal/cooling_device1", type="Fan", cur_state=-1,
                       max_state=50)
    tree |= attributes("sys/class/power_supply/AC", online=1, type="Mains")
    tree |= attributes(
        "sys/class/power_supply/BAT0", present=1, capacity=87, capacity_level="Normal",
        charge_type="Standard", cycle_count=42, energy_full=50_000_000,
        energy_full_design=57_000_000, energy_now=43_500_000, health="Good",
        manufacturer="Example Cells", model_name="EC-57", power_now=8_123_000,
        serial_number=1234, status="Discharging", technology="Li-ion", temp=312,
        temp_alert_max=600, time_to_empty_now=19_280, type="Battery", voltage_min_design=11_100_000,
        voltage_now=11_950_000)
    tree |= attributes(
        "sys/class/dmi/id", bios_date="07/29/2026", bios_release="3.4", bios_vendor="Example BIOS",
        bios_version="R3.4", board_asset_tag="", board_name="X1-BOARD", board_serial="B-0001",
        board_vendor="Example Systems", board_version="02", chassis_asset_tag="shelf 7",
        chassis_serial="C-0001", chassis_vendor="Example Systems", chassis_version="1",
        product_family="Example Rack", product_name="X1", product_serial="P-0001",
        product_sku="SKU=X1;ModelName=X1", product_uuid="0f0e0d0c-0b0a-0908-0706-050403020100",
        product_version="1.0", sys_vendor="Example Systems", modalias="dmi:example")
    tree |= attributes("sys/class/powercap/intel-rapl", enabled=1)
    for zone, name, energy in (("0", "package-0", 240_422_366_267), ("0:0", "core", 118_821_284),
                               ("0:1", "dram", 5_000_000), ("1", "package-1", 999_999),
                               ("1:0", "core", 333_333)):
        tree |= attributes(f"sys/class/powercap/intel-rapl:{zone}", name=name, energy_uj=energy,
                           max_energy_range_uj=262_143_328_850)
    memory_controller = "sys/devices/system/edac/mc/mc0"
    tree |= attributes(memory_controller, mc_name="example", size_mb=65536, ce_count=5,
                       ce_noinfo_count=1, ue_count=3, ue_noinfo_count=2)
    for row in range(2):
        tree |= attributes(
            f"{memory_controller}/csrow{row}", ce_count=2 + row, ue_count=row,
            ch0_ce_count=row, ch0_ue_count=0, ch0_dimm_label=f"CPU#0Channel#{row}_DIMM#0",
            ch1_ce_count=2, ch1_dimm_label="")
    tree |= attributes(
        "sys/class/watchdog/watchdog0", identity="Software Watchdog", bootstatus=0, fw_version=0,
        nowayout=0, options="0x8380", state="active", status="0x8000", timeleft=55, timeout=60,
        pretimeout=10, pretimeout_governor="noop")
    tree |= attributes("sys/class/watchdog/watchdog1", identity="iTCO_wdt", bootstatus=32,
                       state="inactive", timeout=30)
    return tree


# MARK: block devices

def disks() -> Tree:
    tree: Tree = {
        "proc/diskstats": text(
            " 259       0 nvme0n1 47114 4 4643973 21650 1078320 43950 39451633 1011053 0 222766 "
            "1032546 9 1 4096 15 77 123",
            "   8       0 sda 326552 841 9657779 84825 41822 2895 1972416 5007 0 60730 67070 0 0 0 "
            "0 5 6",
            "   8      16 sdb 250 36 3000 14 0 0 0 0 0 13 14",
            "   9       0 md0 12 0 96 0 34 0 272 0 0 0 0 0 0 0 0 0 0",
            " 253       0 dm-0 59910 0 1021 39002 5 0 40 1 0 100 39003 0 0 0 0 0 0"),
        "proc/mdstat": text(
            "Personalities : [raid1] [raid6] [raid5] [raid4] [raid0] ",
            "md0 : active raid1 sdb1[1] sda1[0]", "      523712 blocks super 1.2 [2/2] [UU]",
            "      bitmap: 0/1 pages [0KB], 65536KB chunk", "      ",
            "md1 : active raid5 sdf1[4](S) sde1[3] sdd1[1](F) sdc1[0]",
            "      39061504 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [U_U]",
            "      [=>...................]  recovery =  8.5% (1662976/19530752) finish=2.7min "
            "speed=111111K/sec", "      ",
            "md2 : active raid0 sdh1[1] sdg1[0]", "      7813772288 blocks super 1.2 512k chunks",
            "      ", "md3 : inactive sdi1[2](S)", "      1953382144 blocks super 1.2", "       ",
            "md4 : active (auto-read-only) raid1 sdk1[0] sdj1[1]",
            "      293039104 blocks super 1.2 [2/2] [UU]", "      \tresync=PENDING", "      ",
            "md5 : active raid1 sdl1[0] sdm1[1]", "      1993728 blocks super 1.2 [2/2] [UU]",
            "      [=>...................]  check =  5.7% (114176/1993728) finish=0.2min "
            "speed=114176K/sec", "      ", "unused devices: <none>"),
        "udev/b259:0": text(
            "E:ID_MODEL=EXAMPLE_SSD", "E:ID_SERIAL_SHORT=S0001", "E:ID_REVISION=1.0",
            "E:ID_WWN=eui.0011223344556677", "E:ID_PATH=pci-0000:01:00.0-nvme-1"),
        "udev/b8:0": text(
            "E:ID_MODEL=EXAMPLE_HDD", "E:ID_SERIAL_SHORT=H0001", "E:ID_ATA=1",
            "E:ID_ATA_WRITE_CACHE=1", "E:ID_ATA_WRITE_CACHE_ENABLED=0",
            "E:ID_ATA_ROTATION_RATE_RPM=7200"),
    }
    for device, rotational in (("nvme0n1", 0), ("sda", 1), ("sdb", 1)):
        tree |= attributes(f"sys/block/{device}/queue", rotational=rotational)
    for device, level, raid_disks, degraded in (
            ("md0", "raid1", "2", "0"), ("md1", "raid5", "3 (2)", "1"), ("md2", "raid0", "2", None)):
        folder = f"sys/block/{device}/md"
        tree |= attributes(folder, level=level, raid_disks=raid_disks, array_state="clean",
                           metadata_version="1.2", chunk_size=524288, uuid="0:1:2:3")
        if degraded:
            tree |= attributes(folder, degraded=degraded, sync_action="idle",
                               sync_completed="none")
    for number, (uuid, name, suspended, sectors, slaves) in enumerate((
            ("mpath-360000000000000001", "mpatha", 0, 2_097_152, {"sda": "running",
                                                                   "sdb": "offline"}),
            ("mpath-360000000000000002", "mpath b", 1, 8, {"nvme9n1": "live"}),
            ("LVM-abcdef", "vg0-root", 0, 41_943_040, {}))):
        folder = f"sys/block/dm-{number}"
        tree |= attributes(f"{folder}/dm", uuid=uuid, name=name, suspended=suspended)
        tree |= attributes(folder, size=sectors)
        for slave, state in slaves.items():
            tree[f"{folder}/slaves/{slave}"] = Link(f"../../{slave}".encode())
            tree |= attributes(f"sys/block/{slave}/device", state=state)
    tree |= attributes(
        "sys/class/nvme/nvme0", cntlid=1, firmware_rev="2B4QFXO7", model="EXAMPLE SSD 960GB",
        serial="S0001           ", state="live")
    tree |= attributes("sys/class/nvme/nvme0/nvme0n1", nuse=488_281, size=1_875_385_008,
                       ana_state="optimized")
    tree |= attributes("sys/class/nvme/nvme0/nvme0n1/queue", logical_block_size=512)
    tree |= attributes("sys/class/nvme/nvme0/nvme0c1n2", size=8, nuse=8)
    tree |= attributes("sys/class/nvme/nvme0/nvme0n2", nuse=0, size=1000)
    tree |= attributes("sys/class/nvme/nvme0/nvme0n2/queue", logical_block_size=4096)
    counters = ("in_flight", "io_ns", "other_cnt", "read_byte_cnt", "read_cnt", "read_ns",
                "resid_cnt", "write_byte_cnt", "write_cnt", "write_ns")
    for tape in ("st0", "st1", "nst0", "st0a"):
        tree |= attributes(
            f"sys/class/scsi_tape/{tape}/stats",
            **{name: 1000 * (place + 1) ** 3 for place, name in enumerate(counters)})
    return tree


def adapters() -> Tree:
    statistics = (
        "dumped_frames error_frames fcp_packet_aborts invalid_crc_count invalid_tx_word_count "
        "link_failure_count loss_of_signal_count loss_of_sync_count nos_count rx_frames rx_words "
        "seconds_since_last_reset tx_frames tx_words").split()
    tree = attributes(
        "sys/class/fc_host/host7", dev_loss_tmo=30, fabric_name="0x100000051ea00000",
        node_name="0x200000109b000001", port_id="0x010200", port_name="0x100000109b000001",
        port_state="Online", port_type="NPort (fabric via point-to-point)", speed="16 Gbit",
        supported_classes="Class 3", supported_speeds="4 Gbit, 8 Gbit, 16 Gbit",
        symbolic_name="Example HBA FV1.2 DV3.4")
    tree |= attributes(
        "sys/class/fc_host/host7/statistics",
        **{name: hex(17 * place) for place, name in enumerate(statistics)})
    tree |= attributes("sys/class/fc_host/host7/statistics", dumped_frames="0xffffffffffffffff")
    return tree


# MARK: file systems

BTRFS = "11111111-2222-3333-4444-555555555555"
CACHE = "22222222-3333-4444-5555-666666666666"
BCACHEFS = "33333333-4444-5555-6666-777777777777"


def filesystems() -> Tree:
    tree: Tree = {"sys/fs/xfs/sda1/stats/stats": text(
        "extent_alloc 21 872 13 5", "abt 1 2 3 4", "blk_map 61 29 1 1 1 91 0", "bmbt 5 6 7 8",
        "dir 3 2 1 66", "trans 4 5 6", "ig 20 8 1 12 2 5 1", "log 1 2 3 4 5",
        "push_ail 0 1 2 3 4 5 6 7 8 9", "xstrat 1 0", "rw 28 42", "attr 0 0 0 0", "icluster 1 2 3",
        "vnodes 9 8 7 6 5 4 3", "buf 1 2 3 4 5 6 7 8 9", "xpc 3571712 3568056 0", "debug 0")}
    folder = f"sys/fs/btrfs/{BTRFS}"
    tree |= attributes(folder, label="archive", metadata_uuid=BTRFS, sectorsize=4096,
                       nodesize=16384, clone_alignment=4096, quota_override=0)
    tree |= attributes(f"{folder}/features", extended_iref=1)
    tree["sys/fs/btrfs/features/raid56"] = text("0")
    for device, sectors in (("sdc", 20_971_520), ("sdd", 20_971_520), ("sde", 41_943_040)):
        tree |= attributes(f"{folder}/devices/{device}", size=sectors)
    tree |= attributes(f"{folder}/allocation", global_rsv_size=16_777_216,
                       global_rsv_reserved=16_777_216)
    for kind, layout, total, used in (("data", "raid5", 644_087_808, 123_456),
                                      ("metadata", "raid1c3", 429_391_872, 114_688),
                                      ("system", "raid1c3", 16_777_216, 16_384)):
        area = f"{folder}/allocation/{kind}"
        tree |= attributes(
            area, bytes_may_use=1, bytes_pinned=0, bytes_readonly=0, bytes_reserved=4096,
            bytes_used=used, disk_total=total, disk_used=used, flags=1, total_bytes=total)
        tree |= attributes(f"{area}/{layout}", total_bytes=total, used_bytes=used)
    tree[f"{folder}/commit_stats"] = text(
        "commits 3", "last_commit_ms 125", "max_commit_ms 2500", "total_commit_ms 4000")
    return tree | caches() | bcachefs() | zfs()


def caches() -> Tree:
    folder = f"sys/fs/bcache/{CACHE}"
    totals = {"bypassed": "10.5M", "cache_bypass_hits": 4, "cache_bypass_misses": 5,
              "cache_hit_ratio": 99, "cache_hits": 546, "cache_miss_collisions": 6,
              "cache_misses": 7, "cache_readaheads": 13}
    tree: Tree = {"sys/fs/bcache/register": b""}
    tree |= attributes(folder, average_key_size=8, btree_cache_size="3.0M",
                       cache_available_percent=87, congested=0, root_usage_percent=12, tree_depth=2)
    tree |= attributes(f"{folder}/internal", active_journal_entries=3, btree_nodes=44,
                       btree_read_average_duration_us=1305, cache_read_races=1)
    for device in ("", "/bdev0"):
        for span in ("total", "five_minute", "hour", "day"):
            tree |= attributes(f"{folder}{device}/stats_{span}", **totals)
    tree |= attributes(f"{folder}/bdev0", dirty_data="1.5G")
    tree[f"{folder}/bdev0/writeback_rate_debug"] = text(
        "rate:\t\t1.1M/sec", "dirty:\t\t20.4G", "target:\t\t20.4G", "proportional:\t-427.5k",
        "integral:\t790.0k", "change:\t\t321.5k/sec", "next io:\t17ms")
    tree |= attributes(f"{folder}/cache0", io_errors=1, metadata_written=512, written=1024)
    tree[f"{folder}/cache0/priority_stats"] = text(
        "Unused:\t\t61%", "Clean:\t\t38%", "Dirty:\t\t0%", "Metadata:\t1%", "Average:\t1",
        "Sectors per Q:\t4", "Quantiles:\t[0 1 1 2]")
    return tree


def bcachefs() -> Tree:
    folder = f"sys/fs/bcachefs/{BCACHEFS}"
    tree = attributes(folder, btree_cache_size="2.05G")
    tree |= {
        f"{folder}/compression_stats": text(
            "typetype          compressed    uncompressed     average extent size",
            "lz4                    48.9G           71.2G                   62.5k",
            "incompressible         10.8T           10.8T                   90.4k"),
        f"{folder}/errors": text("bset_bad_csum                    2       1767112063",
                                 "subvol_missing                   194     1761076737"),
        f"{folder}/btree_write_stats": text(
            "                   nr        size", "initial:           3298401   100k",
            "interior:          3035363   1.26k"),
    }
    for counter, count in (("btree_node_read", 70_225_874), ("data_read", "4.87T"),
                           ("io-move", 12)):
        tree[f"{folder}/counters/{counter}"] = text(
            "since mount:                   7", f"since filesystem creation:     {count}")
    for device in ("dev-0", "dev-1"):
        tree |= attributes(f"{folder}/{device}", bucket_size="512k", durability=1,
                           label=f"disk {device}", nbuckets=953_880,
                           state="[rw] ro evacuating spare ")
        tree[f"{folder}/{device}/io_done"] = text(
            "read:", "sb          :       86016", "user        :102313054208", "write:",
            "sb          :      645120", "user        :252377698304")
        tree[f"{folder}/{device}/io_errors"] = text(
            "IO errors since filesystem creation", "  read:    17", "  write:   0",
            "  checksum:0", "IO errors since 8 y ago", "  read:    1")
    return tree


def zfs() -> Tree:
    def statistics(*rows: tuple[str, int, object]) -> bytes:
        return text("8 1 0x01 10 2720 8143114345 5265729034231",
                    "name                            type data",
                    *(f"{name:<31} {kind}    {value}" for name, kind, value in rows))

    folder = "proc/spl/kstat/zfs"
    tree = {f"{folder}/{file}": statistics(*((name, 4, 10 * (place + 1))
                                             for place, name in enumerate(names)))
            for file, names in {
                "abdstats": ("struct_size", "linear_cnt"), "dbufstats": ("cache_count",),
                "dmu_tx": ("dmu_tx_assigned", "dmu_tx_delay"), "dnodestats": ("dnode_hold_alloc_hits",),
                "fm": ("erpt-dropped",), "vdev_cache_stats": ("delegations", "hits", "misses"),
                "vdev_mirror_stats": ("rotating_linear",),
                "xuio_stats": ("onloan_read_buf",), "zfetchstats": ("hits", "misses", "max_streams"),
                "zil": ("zil_commit_count", "zil_itx_count")}.items()}
    tree[f"{folder}/arcstats"] = statistics(
        ("hits", 4, 8_772_612), ("misses", 4, 604_635), ("c", 4, 1_643_208_777),
        ("memory_available_bytes", 3, -922_337_203), ("size", 4, 1_603_939_792))
    for pool, state in (("tank", "ONLINE"), ("old", "DEGRADED")):
        tree[f"{folder}/{pool}/io"] = text(
            "12 3 0x00 1 80 79205351707403 395818011156865",
            "nread    nwritten reads    writes   wtime    wlentime wupdate  rtime    rlentime "
            "rupdate  wcnt     rcnt    ",
            "1884160  3206144  22       132      7155162  104112268 79210489694949 24168078 "
            "104112268 79210489849220 0        0       ")
        tree[f"{folder}/{pool}/state"] = text(state)
        tree[f"{folder}/{pool}/objset-1"] = statistics(
            ("dataset_name", 7, f"{pool}/home of all"), ("writes", 4, 4), ("nwritten", 4, 12_302),
            ("reads", 4, 2), ("nread", 4, 28))
    return tree


# MARK: mounts and their servers

MOUNTS = (
    ("27 1 8:1 / / rw,relatime shared:1", "ext4 /dev/sda1 rw,errors=remount-ro"),
    ("28 27 0:22 / /proc rw", "proc proc rw"),
    ("29 27 0:23 / /sys rw", "sysfs sysfs rw"),
    ("30 27 8:17 / /data rw", "xfs /dev/sdb1 rw"),
    ("31 27 0:41 / /srv/nfs rw", "nfs4 server:/export rw,vers=4.2,proto=tcp,addr=192.0.2.7"),
    ("32 27 0:42 / /srv/old rw", "nfs server:/old rw,vers=3,proto=udp,addr=192.0.2.8"),
)


def mounts() -> Tree:
    table = text(*(f"{mount} - {rest}" for mount, rest in MOUNTS))

    def plain(mount: str, rest: str) -> str:
        point, options = mount.split()[4:6]
        kind, source, _ = rest.split()
        return f"{source} {point} {kind} {options} 0 0"

    def statistics(transport: str, *numbers: int) -> list[str]:
        return [
            "\topts:\trw,hard", "\tage:\t13968", "\tcaps:\tcaps=0xfff7,wtmult=512",
            "\tsec:\tflavor=1,pseudoflavor=1",
            "\tevents:\t52 226 0 0 1 13 398 0 0 331 0 47 0 0 77 0 0 77 0 0 0 0 0 0 0 0 0",
            "\tbytes:\t1207640230 0 0 0 1210214218 0 295483 0",
            "\tRPC iostats version: 1.1  p/v: 100003/4 (nfs)",
            f"\txprt:\t{transport} {' '.join(map(str, numbers))}", "\tper-op statistics",
            "\t        NULL: 0 0 0 0 0 0 0 0 0",
            "\t        READ: 1298 1298 0 207680 1210292152 6 79386 79407 0", ""]

    return {
        "proc/self": Link(b"1"), "proc/1/mountinfo": table,
        "proc/1/mounts": text(*(plain(*mount) for mount in MOUNTS)),
        "proc/1/mountstats": text(
            "device /dev/sda1 mounted on / with fstype ext4",
            "device proc mounted on /proc with fstype proc",
            "device sysfs mounted on /sys with fstype sysfs",
            "device /dev/sdb1 mounted on /data with fstype xfs",
            "device server:/export mounted on /srv/nfs with fstype nfs4 statvers=1.1",
            *statistics("tcp", 832, 0, 1, 0, 11, 6428, 6428, 0, 12154, 0, 24, 26, 5726),
            "device server:/old mounted on /srv/old with fstype nfs statvers=1.1",
            *statistics("udp", 832, 0, 6428, 6428, 0, 12154, 0, 24, 26, 5726)),
        "proc/net/rpc/nfs": text(
            "net 70 40 30 5", "rpc 1218785 374 1218815",
            "proc2 18 " + " ".join(str(3 * n) for n in range(18)),
            "proc3 22 " + " ".join(str(5 * n) for n in range(22)),
            "proc4 60 " + " ".join(str(7 * n) for n in range(60))),
        "proc/net/rpc/nfsd": text(
            "rc 1 6 18622", "fh 2 0 0 0 0", "io 157286400 72864",
            "th 8 0 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000",
            "ra 32 0 0 0 0 0 0 0 0 0 0 3", "net 972 55 917 1", "rpc 18628 3 1 2 0",
            "proc2 18 " + " ".join(str(2 * n) for n in range(18)),
            "proc3 22 " + " ".join(str(4 * n) for n in range(22)), "proc4 2 2 10853",
            "proc4ops 72 " + " ".join(str(6 * n) for n in range(72))),
        "rootfs/data/.keep": b"", "rootfs/srv/nfs/.keep": b"", "rootfs/srv/old/.keep": b"",
    }


NET_DEV = text(
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast"
    "|bytes    packets errs drop fifo colls carrier compressed",
    "    lo: 435303245 1832522    0    0    0     0          0         0"
    " 435303245 1832522    0    0    0     0       0          0",
    "  eth0: 68210035552 520993275 1 2 3 4 5 6 9315587528 43451486 7 8 9 10 11 12")


def rack() -> Tree:
    return (processors() | memory() | hardware() | disks() | adapters() | filesystems() | mounts()
            | {"proc/net/dev": NET_DEV})
