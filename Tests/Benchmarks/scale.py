"""Large machines: what a sample costs where there are many CPUs and devices."""

import os
import pathlib
import resource
import statistics

from measuring import ACCEPT, cpu_per_scrape, sample_count, spread, verdict
from programs import Daemon

#: CPUs, and network devices and disks each, of the two machines that are made. Both have the same
#: share of every kind of sample, so that what one costs can be compared.
MACHINES = {"small": (16, 250), "large": (128, 2_000)}
#: How many bridges the real kernel is asked for.
LINKS = 2_000
LINK_ATTRIBUTES = {
    "addr_assign_type": "3", "address": "02:00:00:00:00:01", "addr_len": "6",
    "broadcast": "ff:ff:ff:ff:ff:ff", "carrier": "1", "carrier_changes": "2",
    "carrier_down_count": "1", "carrier_up_count": "1", "dev_id": "0x0", "dormant": "0",
    "duplex": "full", "flags": "0x1003", "ifalias": "", "ifindex": "2", "iflink": "2",
    "link_mode": "0", "mtu": "1500", "name_assign_type": "4", "netdev_group": "0",
    "operstate": "up", "proto_down": "0", "speed": "1000", "tx_queue_len": "1000", "type": "1",
}


def write(path: pathlib.Path, text: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make(folder: pathlib.Path, cpus: int, devices: int):
    """A machine of that size, as /proc and /sys would show it."""
    numbers = "10 2 3 400 5 0 7 0 0 0"
    lines = [f"cpu  {numbers}"] + [f"cpu{cpu} {numbers}" for cpu in range(cpus)]
    write(folder / "proc/stat", "\n".join(lines) + "\nintr 1000 1\nctxt 2000\nbtime 1700000000\n"
          "processes 300\nprocs_running 1\nprocs_blocked 0\nsoftirq 10 1 1 1 1 1 1 1 1 1 1\n")
    write(folder / "proc/net/softnet_stat", "".join(
        f"{cpu + 1:08x} 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
        f"00000000 00000000 00000000 {cpu:08x}\n" for cpu in range(cpus)))
    write(folder / "proc/schedstat", "version 15\ntimestamp 1\n" + "".join(
        f"cpu{cpu} 0 0 0 0 0 0 {cpu + 1}00 200 300\n" for cpu in range(cpus)))
    write(folder / "proc/loadavg", "0.1 0.2 0.3 1/100 1000\n")
    write(folder / "proc/meminfo", "MemTotal: 1024 kB\nMemFree: 512 kB\n")
    write(folder / "proc/1/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
    header = "Inter-|   Receive                |  Transmit\n face |bytes    packets errs drop " \
        "fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
    write(folder / "proc/net/dev", header + "".join(
        f"eth{device}: {device}000 10 0 0 0 0 0 0 {device}000 10 0 0 0 0 0 0\n"
        for device in range(devices)))
    write(folder / "proc/diskstats", "".join(
        f"   8 {device:7} sd{device} 10 2 3 4 5 6 7 8 0 9 10 0 0 0 0 11 12\n"
        for device in range(devices)))
    for cpu in range(cpus):
        for name, value in (("scaling_cur_freq", 2_000_000), ("scaling_min_freq", 800_000),
                            ("scaling_max_freq", 3_000_000), ("cpuinfo_min_freq", 800_000),
                            ("cpuinfo_max_freq", 3_000_000)):
            write(folder / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/{name}", f"{value}\n")
        write(folder / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor", "powersave\n")
    for device in range(devices):
        for name, value in LINK_ATTRIBUTES.items():
            write(folder / f"sys/class/net/eth{device}/{name}", value + "\n")


def measure(options, folder: pathlib.Path) -> list[str]:
    lines = [
        "## Large machines", "",
        "Made trees of files with all default collectors, and bridges of the real kernel in a "
        "network namespace of their own.", "",
        "| machine | samples | CPU per scrape, us | CPU per sample, ns | descriptors |",
        "| --- | --- | --- | --- | --- |",
    ]
    per_sample = {}
    for name, (cpus, devices) in MACHINES.items():
        root = folder / name
        make(root, cpus, devices)
        daemon = Daemon(folder / f"{name}.log", f"--path.procfs={root}/proc",
                        f"--path.sysfs={root}/sys", f"--path.rootfs={root}")
        per_sample[name], line = row(f"{name}: {cpus} CPUs, {devices} devices", daemon, options)
        lines.append(line)
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for count in (20, LINKS):
        daemon = Daemon(folder / f"links{count}.log", prefix=namespace(folder, count),
                        listen=(f"unix:{folder}/links{count}.sock",))
        per_sample[count], line = row(f"{count} bridges of the kernel", daemon, options)
        lines.append(line)
    flat = per_sample["large"] / per_sample["small"]
    links = per_sample[LINKS] / per_sample[20]
    return lines + [
        "", f"Cost of a sample, large over small: {flat:.2f} ({verdict(flat <= 1.1)}: flat); "
        f"{LINKS} over 20 bridges: {links:.2f}. The limit of descriptors was {limit}.",
    ]


def namespace(folder: pathlib.Path, links: int) -> tuple[str, ...]:
    """What runs a program among that many bridges."""
    batch = folder / f"links{links}"
    batch.write_text("link set lo up\n" + "".join(
        f"link add name br{link} type bridge\n" for link in range(links)))
    script = f'mount -t sysfs none /sys && ip -batch {batch} && exec "$0" "$@"'
    return ("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script)


def row(name: str, daemon, options) -> tuple[float, str]:
    try:
        page = daemon.get(headers={"Accept": ACCEPT}).body
        samples = sample_count(page)
        costs = list(cpu_per_scrape(daemon, 4, max(5, options.scrapes // 20), warm_up=5))
        descriptors = len(os.listdir(f"/proc/{daemon.pid}/fd"))
    finally:
        daemon.stop()
    cost = 1000 * statistics.median(costs) / samples
    return cost, f"| {name} | {samples} | {spread(costs)} | {cost:.0f} | {descriptors} |"
