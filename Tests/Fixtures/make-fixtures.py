#!/usr/bin/env python3
"""Makes the fixture trees beside this file.

    make-fixtures.py                writes all trees but one, always the same bytes
    make-fixtures.py --check        says which of their files differ, exit 1 when any does
    make-fixtures.py --capture DIR  copies what the nine collectors read from this machine

A tree has the four roots of the daemon as folders: proc, sys, udev (path.udev.data), rootfs.

`debian12-2cpu` was made with --capture on a virtual machine with 2 CPUs, Debian 12 and Linux 6.18.
That machine has no udev, so the file udev/b254:0 was written by hand. It is not made again.
`odd` is a machine that does not exist: everything unusual that a kernel may legally say.
`damaged` is text that no kernel says, with good lines between the bad ones.
`rack` is a server that has one of everything; see rack.py.
`cards` (GPUs of AMD and Intel) and `services` (cgroup v2) were written by hand after the documents of
the kernel, and are not made here.
`gateway` is one with many kinds of network, and `gateway-damaged` the same damaged; see gateway.py.
"""

import argparse
import os
import pathlib
import shutil
import sys

import gateway
from rack import Link, rack

HERE = pathlib.Path(__file__).resolve().parent

Tree = dict[str, bytes]


def text(*lines: str | bytes) -> bytes:
    """Lines as a file; a str is UTF-8."""
    return b"".join(
        (line.encode() if isinstance(line, str) else line) + b"\n" for line in lines
    )


# MARK: odd

PACKAGES, CORES, THREADS = 2, 32, 2
OFFLINE = {5, 127}


def odd_cpu(number: int) -> tuple[int, int]:
    """The package and core of a CPU: the second threads come after all the first ones."""
    core = number % (PACKAGES * CORES)
    # Core numbers have holes, as on real big machines, and repeat in each package.
    return core // CORES, (core % CORES) * 2


def odd_stat() -> bytes:
    cpus = [n for n in range(PACKAGES * CORES * THREADS) if n not in OFFLINE]
    rows = []
    for n in cpus:
        rows.append([
            100_000 + 137 * n, 50 * n, 30_000 + 11 * n, 9_000_000 + n, 700 + n, 3 * n, 40 + n,
            n % 7, 90 * (n % 3), n % 2,
        ])
    total = [sum(column) for column in zip(*rows)]
    lines = ["cpu  " + " ".join(map(str, total))]
    lines += [f"cpu{n} " + " ".join(map(str, row)) for n, row in zip(cpus, rows)]
    interrupts = [i * i % 9973 for i in range(1500)]
    lines.append(f"intr {8_885_917 + sum(interrupts)} " + " ".join(map(str, interrupts)))
    lines += [
        "ctxt 9007199254740993", "btime 1795224622", "processes 26442",
        "procs_running 129", "procs_blocked 3",
        "softirq 5057579 250191 1481983 1647 211099 186066 0 1783454 622196 12499 508444",
    ]
    return text(*lines)


def odd_cpuinfo() -> bytes:
    blocks = []
    for n in range(PACKAGES * CORES * THREADS):
        if n in OFFLINE:
            continue
        package, core = odd_cpu(n)
        blocks.append(text(
            f"processor\t: {n}", "vendor_id\t: GenuineOdd", "cpu family\t: 25", "model\t\t: 160",
            'model name\t: Odd "Quoted" CPU \\ 64-Core Processor', "stepping\t: 2",
            "microcode\t: 0xaa00212", f"cpu MHz\t\t: {1500 + n}.125", "cache size\t: 1024 KB",
            f"physical id\t: {package}", "siblings\t: 64", f"core id\t\t: {core}",
            "cpu cores\t: 32", "fpu\t\t: yes", "flags\t\t: fpu vme aes avx avx2 avx512f",
            "bugs\t\t: sysret_ss_attrs spectre_v1 spectre_v2", "bogomips\t: 4499.99",
            "power management:", "",
        ))
    return b"".join(blocks)


MEMINFO = text(
    "MemTotal:       1056571904 kB", "MemFree:        23750908 kB", "MemAvailable:   24348908 kB",
    "Buffers:            3904 kB", "Cached:           774952 kB", "SwapCached:            0 kB",
    "Active:           295212 kB", "Inactive:         481388 kB", "Active(anon):       1524 kB",
    "Inactive(anon):     5052 kB", "Active(file):     293688 kB", "Inactive(file):   476336 kB",
    "Unevictable:       14092 kB", "Mlocked:           13204 kB", "SwapTotal:             0 kB",
    "SwapFree:              0 kB", "Zswap:              1280 kB", "Zswapped:           4096 kB",
    "Dirty:              1456 kB", "Writeback:             0 kB",
    # An accounting slip below zero, as kernels have shown it.
    "Committed_AS:   18446744073709551612 kB", "VmallocTotal:   34359738367 kB",
    "Percpu:           198656 kB", "HardwareCorrupted:     4 kB", "FutureField:        42 kB",
    "Future(kind):       43 kB", "Future_Count:         7", "CmaTotal:              0 kB",
    "HugePages_Total:     512", "HugePages_Free:      500", "HugePages_Rsvd:       12",
    "HugePages_Surp:        0", "Hugepagesize:       2048 kB", "Hugetlb:         1048576 kB",
    "DirectMap4k:       30720 kB", "DirectMap2M:     2066432 kB", "DirectMap1G:    1073741824 kB",
)

NET_DEV_HEAD = (
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast"
    "|bytes    packets errs drop fifo colls carrier compressed",
)

NET_DEV = text(
    *NET_DEV_HEAD,
    "    lo: 435303245 1832522    0    0    0     0          0         0"
    " 435303245 1832522    0    0    0     0       0          0",
    # No blank behind the colon: the counter has filled its column.
    "  eth0:68210035552 520993275 1 2 3 4 5 6 9315587528 43451486 7 8 9 10 11 12",
    "   \U0001F4A90: 57750104 64 0 1 2 3 4 5 404570 76 6 7 8 9 10 11",
    " ibr10:30: 17 1 0 0 0 0 0 0 18 2 0 0 0 0 0 0",
    " ibr10:31:19 3 0 0 0 0 0 0 20 4 0 0 0 0 0 0",
    '  a"b\\c: 21 5 0 0 0 0 0 0 22 6 0 0 0 0 0 0',
    "fifteen-letters: 18446744073709551615 9007199254740993 4294967296 0 0 0 0 0"
    " 18446744073709551614 1 0 0 0 0 0 0",
    *(f"vethf345{n:03x}: {1000 * n} {n} 0 0 0 0 0 0 {2000 * n} {2 * n} 0 0 0 0 0 0"
      for n in range(40)),
)


def odd_diskstats() -> bytes:
    full = "25026 1 1150434 4742 36 2 1520 61 1 5052 6803 10 11 12 13 14 15"
    return text(
        "   1       0 ram0 0 0 0 0 0 0 0 0 0 0 0",
        "   7       0 loop0 1 0 8 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
        " 252       0 zram0 77 0 616 1 5 0 40 2 0 4 3 0 0 0 0 0 0",
        f" 259       0 nvme0n1 {full}",
        f" 259       1 nvme0n1p1 {full}",
        " 259       2 nvme10n1 47114 4 4643973 21650 1078320 43950 39451633 1011053 0 222766 1032546",
        "   8       0 sda 9223372036854775807 1 18446744073709551615 4742 1 2 3 4 5 6 7 8 9 10 11",
        "   8       1 sda1 250 36 3000 14 0 0 0 0 0 13 14",
        "   8      16 sdb 326552 841 9657779 84825 41822 2895 1972416 5007 0 60730 67070 68851 0 "
        "1925173784 11130",
        "  65     160 sdaa 1 2 3 4 5 6 7 8 9 10 11",
        " 253       0 dm-0 59910004 0 1021 39002 5 0 40 1 0 100 39003 0 0 0 0",
        " 253       1 dm-1 1 0 8 1 1 0 8 1 0 1 1 1 1 1 1 0 0",
        "   9       0 md0 1 0 8 0 1 0 8 0 0 0 0",
        "   9     127 md127 100 0 800 0 200 0 1600 0 0 0 0 3 0 24 0 1 1",
        " 179       0 mmcblk0 192 3 1560 156 0 0 0 0 0 136 156",
        " 179       1 mmcblk0p1 17 3 160 24 0 0 0 0 0 20 24",
        " 179       8 mmcblk0boot0 95 0 760 68 0 0 0 0 0 68 68",
        " 104       0 cciss/c0d0 1 2 3 4 5 6 7 8 9 10 11",
        "  11       0 sr0 0 0 0 0 0 0 0 0 0 0 0",
        "  43       0 nbd0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
        # A later kernel may add columns.
        f" 254       0 vda {full} 16 17",
        f" 254       1 vda1 {full}",
    )


UDEV = {
    "b259:0": text(
        "S:disk/by-id/nvme-eui.0000000001000000e4d25cafae2e4c00", "I:4242421",
        "E:ID_MODEL=ODD SSD 600 PCIe NVMe 512GB", "E:ID_SERIAL_SHORT=BTKA00000001512D",
        "E:ID_SERIAL=ODD_SSD_600_BTKA00000001512D", "E:ID_REVISION=ODD0500",
        "E:ID_WWN=eui.0000000001000000e4d25cafae2e4c00", "E:ID_PATH=pci-0000:0e:00.0-nvme-1",
        "E:ID_PART_TABLE_TYPE=gpt", "G:systemd", "Q:systemd", "V:1",
    ),
    "b259:2": text("E:ID_MODEL=no serial", "E:ID_SERIAL=only-the-long-one"),
    "b8:0": text(
        "W:6", "E:ID_ATA=1", "E:ID_ATA_WRITE_CACHE=1", "E:ID_ATA_WRITE_CACHE_ENABLED=0",
        "E:ID_ATA_ROTATION_RATE_RPM=7200", 'E:ID_MODEL=TOSHIBA "KSDB4U86\\"',
        "E:ID_SERIAL=TOSHIBA_KSDB4U86_2160A0D5FVGG", "E:ID_SERIAL_SHORT=2160A0D5FVGG",
        "E:SCSI_IDENT_SERIAL=2160A0D5FVGG", "E:ID_REVISION=0102", "E:ID_WWN=0x7c72382b8de36a64",
        "E:ID_PATH=pci-0000:3b:00.0-scsi-0:2:0:0",
    ),
    "b8:16": text(
        "E:ID_ATA=1", "E:ID_ATA_ROTATION_RATE_RPM=0", "E:ID_ATA_WRITE_CACHE=1",
        "E:ID_ATA_WRITE_CACHE_ENABLED=1", "E:ID_MODEL=SuperMicro_SSD",
        "E:ID_FS_TYPE=xfs", "E:ID_FS_USAGE=filesystem",
        "E:ID_FS_UUID=66e8b0d6-1a2b-4c3d-9e8f-00112233aabb", "E:ID_FS_VERSION=",
    ),
    "b253:0": text(
        "E:DM_NAME=nvme0n1_crypt", "E:DM_UUID=CRYPT-LUKS2-jolaulot80fy9zsiobkxyxo7y2dqeho2",
        "E:ID_FS_TYPE=LVM2_member", "E:ID_FS_USAGE=raid",
        "E:ID_FS_UUID=Na2dCx-1ALS-Sm8e-0dAt-pHfL-cpWH-mzYxvg", "E:ID_FS_VERSION=LVM2 001",
    ),
    "b253:1": text(
        "E:DM_NAME=system-swap_1", "E:DM_UUID=LVM-wbGqQEBL9SxrW2DLntJwgg8fAv946hw3",
        "E:DM_VG_NAME=system", "E:DM_LV_NAME=swap_1", "E:DM_LV_LAYER=", "E:ID_FS_TYPE=swap",
        "E:ID_FS_USAGE=other", "E:ID_FS_UUID=5272bb60-04b5-49cd-b730-be57c7604450",
        "E:ID_FS_VERSION=1", "E:SEEN=a=b=c",
    ),
    "b9:0": text("E:ID_FS_TYPE=ext4", "E:ID_FS_USAGE=filesystem", "E:ID_FS_VERSION=1.0"),
    "b179:0": text("E:ID_PATH=platform-df2969f3.mmc", "E:ID_SERIAL=0x0f2ac9d4"),
    "b11:0": text("E:ID_MODEL=Virtual_DVD", "no colon here", "E:", "E:ID_REVISION"),
}

MOUNTINFO = text(
    "22 27 0:21 / /proc rw,relatime - proc proc rw",
    "23 27 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw",
    "27 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw,errors=remount-ro",
    "28 27 253:0 / /home rw,nodev shared:2 master:3 propagate_from:4 - xfs /dev/mapper/home rw",
    r"29 27 8:17 / /mnt/with\040space ro,relatime - ext4 /dev/sdb1 rw",
    r"30 27 8:18 / /mnt/tab\011here rw - ext4 /dev/sdb\040two rw",
    r"31 27 8:19 / /mnt/back\134slash rw - ext4 /dev/sdb3 rw",
    '32 27 8:20 / /mnt/"quoted" rw - ext4 /dev/sdb4 rw',
    b"33 27 8:21 / /mnt/bad\xff\xfeutf8 rw - ext4 /dev/sdb5 rw",
    "34 27 8:22 / /mnt/super-ro rw,relatime - ext4 /dev/sdb6 ro,errors=remount-ro",
    "35 27 0:40 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=10%",
    "36 27 0:41 / /run/credentials/systemd-sysusers.service ro - ramfs none rw",
    "37 27 0:42 / /var/lib/docker/overlay2/abc/merged rw - overlay overlay rw",
    "38 27 0:43 / /srv/overlay rw - overlay overlay rw",
    "39 27 0:44 /@home /srv/btrfs rw - btrfs /dev/sdc rw,subvol=/@home",
    "40 27 0:45 / /srv/sshfs rw - fuse.sshfs user@host:/path rw",
    "41 27 0:46 / /srv/nfs rw - nfs4 server.example:/export/with:colon rw,hard",
    "42 27 0:47 / /srv/zfs rw - zfs tank/data rw",
    "43 27 8:33 / /home/\u00fcml\u00e4ut rw - vfat /dev/sdc1 rw",
    "44 27 8:34 / /readonly-in-name rw,noatime - ext4 /dev/sdc2 rw,romance",
    # The same again, as bind mounts show it.
    "45 27 253:0 / /home rw,nodev - xfs /dev/mapper/home rw",
    "46 27 0:48 / /dev/shm rw - tmpfs tmpfs rw",
    "47 27 0:49 / /devices rw - tmpfs tmpfs rw",
)


def mounts(mountinfo: bytes) -> bytes:
    """/proc/PID/mounts of the same mounts: what the exporters of 2023 still read."""
    lines = []
    for line in mountinfo.splitlines():
        before, after = line.split(b" - ", 1)
        mount, options = before.split(b" ")[4:6]
        kind, source, _ = after.split(b" ", 2)
        lines.append(b" ".join([source, mount, kind, options, b"0 0"]))
    return b"\n".join(lines) + b"\n"


def odd() -> Tree:
    tree = {
        "proc/stat": odd_stat(),
        "proc/cpuinfo": odd_cpuinfo(),
        "proc/meminfo": MEMINFO,
        "proc/net/dev": NET_DEV,
        "proc/diskstats": odd_diskstats(),
        "proc/loadavg": text("128.50 1000.00 0.07 130/3456 2147483647"),
        "proc/1/mountinfo": MOUNTINFO,
        "proc/self/mountinfo": MOUNTINFO,
        "proc/1/mounts": mounts(MOUNTINFO),
        "sys/devices/system/cpu/isolated": text("2-3,66-67,99"),
        "sys/devices/system/cpu/offline": text("5,127"),
        "sys/devices/system/clocksource/clocksource0/available_clocksource":
            text("tsc hpet acpi_pm "),
        "sys/devices/system/clocksource/clocksource0/current_clocksource": text("tsc"),
        "sys/devices/system/clocksource/clocksource1/available_clocksource": text("odd-clock"),
        "sys/devices/system/clocksource/clocksource1/current_clocksource": text("odd-clock"),
        "rootfs/home/.keep": b"",
        "rootfs/mnt/with space/.keep": b"",
        "rootfs/mnt/super-ro/.keep": b"",
        "rootfs/srv/btrfs/.keep": b"",
    }
    for n in range(PACKAGES * CORES * THREADS):
        folder = f"sys/devices/system/cpu/cpu{n}"
        tree[f"{folder}/online"] = text("0" if n in OFFLINE else "1")
        if n in OFFLINE:
            continue
        package, core = odd_cpu(n)
        tree[f"{folder}/topology/physical_package_id"] = text(str(package))
        tree[f"{folder}/topology/core_id"] = text(str(core))
        # Virtual threads 40 to 47 show no throttling at all, as some hypervisors do.
        if n % 64 in range(40, 48):
            continue
        throttle = f"{folder}/thermal_throttle"
        tree[f"{throttle}/core_throttle_count"] = text(str(5 * package + core))
        tree[f"{throttle}/package_throttle_count"] = text(str(30 + package))
    for name, content in UDEV.items():
        tree[f"udev/{name}"] = content
    rotating = {"sda", "md0", "sr0"}
    for device in ("nvme0n1", "nvme10n1", "sda", "sdb", "sdaa", "dm-0", "dm-1", "md0", "md127",
                   "mmcblk0", "sr0", "nbd0", "vda", "cciss!c0d0"):
        tree[f"sys/block/{device}/queue/rotational"] = text("1" if device in rotating else "0")
    return tree


# MARK: damaged

BINARY = bytes(range(1, 32)).replace(b"\n", b"") + b"\x00\xff\xfe\x80\x00"
OVERFLOW = "99999999999999999999"


def damaged() -> Tree:
    disk = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"
    net = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
    mountinfo = text(
        "27 1 8:1 / / rw - ext4 /dev/root rw", "", "28", "29 27 8:2", "30 27 8:3 / /no-dash rw",
        "31 27 8:4 / /ends-after-dash rw -", "32 27 8:5 / /no-source rw - ext4", BINARY,
        "33 27 bad / /bad-number rw - ext4 /dev/bad rw", r"34 27 8:6 / /bad\04escape rw - ext4 /d rw",
        r"35 27 8:7 / /ends\ rw - ext4 /d rw", f"36 27 {OVERFLOW}:1 / /overflow rw - ext4 /d rw",
        "37 27 8:8 / /good rw - ext4 /dev/good rw", "38 27 8:9 / /cut rw - ex",
    ).rstrip(b"\n")
    tree = {
        "proc/stat": text(
            "cpu  10 20 30 40 50 60 70 80 90 100", "cpu0 1 2 3 4 5 6 7 8 9 10", "", "cpu1",
            "cpu2 1 2 x 4 5 6 7 8 9 10", f"cpu3 {OVERFLOW} 2 3 4 5 6 7 8 9 10",
            "cpu4 1 2 3 4", "cpux 1 2 3 4 5 6 7 8 9 10", f"cpu{OVERFLOW} 1 2 3 4 5 6 7 8 9 10",
            "cpu5 11 12 13 14 15 16 17 18 19 20 21 22 23", BINARY, "intr", "intr x 1 2",
            "intr 4711 1 2", "ctxt", f"ctxt {OVERFLOW}", "ctxt -1", "ctxt 4712", "btime",
            "btime 1795224622", "processes x", "processes 4713", "procs_running 3 4",
            "procs_blocked", "softirq 10 1 2", "softirq 10 1 2 3 4 5 6 7 8 9 10", "procs_blo",
        ).rstrip(b"\n"),
        "proc/meminfo": text(
            "MemTotal:       24684096 kB", "", "MemFree:", "MemAvailable", ":", ": 12 kB",
            "Buffers:            x kB", f"Cached: {OVERFLOW} kB", "SwapCached: -1 kB",
            "Active: 12 MB", "Inactive: 481388 kB extra columns", BINARY,
            b"Bin\xff: 3 kB", "Dirty:1456 kB", "Writeback:\t7\tkB", "HugePages_Total: 4",
            "MemTotal: 1 kB", "Shmem: 8788 kB", "Sla",
        ).rstrip(b"\n"),
        "proc/net/dev": text(
            *NET_DEV_HEAD, f"  good0: {net}", "", "  key0:", "  key1", ":", f": {net}",
            "short0: 1 2 3", f"  bad0: {net.replace('7', 'x', 1)}",
            f" over0: {net.replace('3', OVERFLOW, 1)}", f" minus0: {net.replace('4', '-4', 1)}",
            f" more0: {net} 17 18", BINARY, b"bad\xff0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
            f"good0: {net}", f" good1: {net}", "  cut0: 1 2 3 4 5",
        ).rstrip(b"\n"),
        "proc/diskstats": text(
            f"   8       0 sda {disk}", "", "8", "8 1", "8 2 sdc", "   8       3 sdd 1 2 3",
            f"   x       0 sde {disk}", f"   8       x sdf {disk}",
            f"   8       6 sdg {disk.replace('5', 'x', 1)}",
            f"   8       7 sdh {disk.replace('5', OVERFLOW, 1)}",
            f"   8       8 sdi {disk.replace('5', '-5', 1)}", f"   8       9 sdj {disk} 18 19 20",
            BINARY, f"   8       0 sda {disk}", f"   8      10 sdk {disk}", "   8      11 sdl 1 2 3 4",
        ).rstrip(b"\n"),
        "proc/loadavg": text("0.13 x"),
        "proc/1/mountinfo": mountinfo,
        "proc/self/mountinfo": mountinfo,
        "proc/cpuinfo": text(
            "processor\t: 0", "vendor_id\t: Good", "", "processor", "processor\t: x",
            "physical id\t: ", ":", BINARY, "", "processor\t: 1", "vendor_id\t: AlsoGood",
            f"physical id\t: {OVERFLOW}", "core id",
        ).rstrip(b"\n"),
        "sys/devices/system/cpu/isolated": text("2-,x,9-3,5,1-99999999999999999999"),
        "sys/devices/system/cpu/cpu0/online": text("x"),
        "sys/devices/system/cpu/cpu0/topology/physical_package_id": text("0"),
        "sys/devices/system/cpu/cpu0/topology/core_id": text("0"),
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": text("-1"),
        "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": b"",
        "sys/devices/system/cpu/cpu1/topology/physical_package_id": text("x"),
        "sys/devices/system/cpu/cpu1/topology/core_id": text(OVERFLOW),
        "sys/devices/system/cpu/cpu5/topology/physical_package_id": text("1"),
        "sys/devices/system/cpu/cpu5/topology/core_id": text("3"),
        "sys/devices/system/cpu/cpu5/thermal_throttle/core_throttle_count": text("8"),
        "sys/devices/system/cpu/cpu5/thermal_throttle/package_throttle_count": text("9"),
        "sys/devices/system/cpu/cpufoo/online": text("1"),
        "sys/devices/system/clocksource/clocksource0/available_clocksource": b"\xff\xfe tsc\n",
        "sys/devices/system/clocksource/clocksource0/current_clocksource": b"",
        "sys/block/sda/queue/rotational": text("maybe"),
        "udev/b8:0": b"E:ID_MODEL=\xff\xfe\nE:\n=\nE:=x\nE:ID_SERIAL" + BINARY,
        "rootfs/good/.keep": b"",
    }
    return tree


# MARK: writing

def write(name: str, tree: Tree) -> None:
    shutil.rmtree(HERE / name, ignore_errors=True)
    for path, content in tree.items():
        file = HERE / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            file.symlink_to(content.decode())
        else:
            file.write_bytes(content)


def found(folder: pathlib.Path):
    """Files and links below a folder; links are not followed."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from found(entry)
        else:
            yield entry


def differences(name: str, tree: Tree) -> list[str]:
    there = {
        str(file.relative_to(HERE / name)):
            os.readlink(file).encode() if file.is_symlink() else file.read_bytes()
        for file in found(HERE / name)
    }
    return sorted(
        f"{name}/{path}" for path in there.keys() | tree.keys() if there.get(path) != tree.get(path)
    )


CAPTURED = (
    "/proc/stat", "/proc/meminfo", "/proc/net/dev", "/proc/diskstats", "/proc/loadavg",
    "/proc/1/mountinfo", "/proc/self/mountinfo", "/proc/1/mounts", "/proc/cpuinfo",
    "/sys/devices/system/cpu/isolated", "/sys/devices/system/cpu/offline",
    "/sys/devices/system/cpu/cpu[0-9]*/online",
    "/sys/devices/system/cpu/cpu[0-9]*/topology/core_id",
    "/sys/devices/system/cpu/cpu[0-9]*/topology/physical_package_id",
    "/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count",
    "/sys/devices/system/clocksource/clocksource*/*_clocksource",
    "/sys/block/*/queue/rotational",
)


def capture(folder: pathlib.Path) -> None:
    for pattern in CAPTURED:
        for file in sorted(pathlib.Path("/").glob(pattern.lstrip("/"))):
            if file.name == "unbind_clocksource":
                continue
            content = file.read_bytes()
            if file.name in ("mountinfo", "mounts"):
                # What is mounted below /mnt is the owner's business.
                column = 4 if file.name == "mountinfo" else 1
                content = b"".join(
                    line for line in content.splitlines(keepends=True)
                    if not line.split()[column].startswith(b"/mnt/")
                )
            copy = folder / file.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--capture", type=pathlib.Path, metavar="DIR")
    options = parser.parse_args()
    if options.capture:
        capture(options.capture)
        return 0
    trees = {
        "odd": odd(), "damaged": damaged(), "rack": rack(), "gateway": gateway.gateway(),
        "gateway-damaged": gateway.damaged(),
    }
    if options.check:
        wrong = [line for name, tree in trees.items() for line in differences(name, tree)]
        print("\n".join(wrong) if wrong else "as made")
        return 1 if wrong else 0
    for name, tree in trees.items():
        write(name, tree)
    return 0


if __name__ == "__main__":
    sys.exit(main())
