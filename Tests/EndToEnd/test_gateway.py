"""The collectors of network, memory and system: on the fixture tree `gateway`, on this machine and
in a network namespace, beside Debian's node_exporter where it has them."""

import os
import pathlib
import shutil
import subprocess

import pytest

import pages
from programs import FIXTURES, GATEWAY, YOUNG_GATEWAY, Daemon, only, tree_flags
from test_bad_input import DAMAGES, scrape, skipped, success
from test_peer import Comparison, EVERY_DEVICE, read

# Debian's version has no such flag: it always reads the file.
FILE_OF_NEIGHBOURS = "--no-collector.arp.netlink"
# Asked of the kernel itself, whatever tree stands for the machine.
LIVE = ("network_route", "selinux", "tcpstat", "timex")
ALL = tuple(name for name in (*GATEWAY, *YOUNG_GATEWAY)
            if name not in ("network_route", "tcpstat", "timex"))


def on_tree(tree: pathlib.Path) -> tuple[str, ...]:
    return (*only(ALL), *tree_flags(tree), FILE_OF_NEIGHBOURS)


def test_the_page_of_a_gateway_reads_the_same(start):
    flags = (*tree_flags(FIXTURES / "gateway"), *EVERY_DEVICE)
    collectors = [name for name in GATEWAY if name not in LIVE]
    peer = start.peer(*flags, collectors=collectors)
    daemon = start.daemon(*only(collectors), *flags, FILE_OF_NEIGHBOURS)
    before, ours, after = read(peer), read(daemon), read(peer)
    # The peer divides twice, which may cost the last digit.
    result = Comparison(ours, before, after, {r"node_pressure_.*": 1e-9})
    assert not result.complaints, "\n".join(result.complaints)
    assert not result.stale("gateway"), "no longer met:\n" + "\n".join(result.stale("gateway"))
    assert not ours.duplicates, pages.listing(ours.duplicates)
    assert len(ours.values) > 600


def test_the_page_is_the_same_in_openmetrics(start):
    daemon = start.daemon(*on_tree(FIXTURES / "gateway"))
    strict = daemon.get(headers={"Accept": "application/openmetrics-text"})
    assert machine(pages.parse_openmetrics(strict.body)) == machine(scrape(daemon))


# How far a gauge of the live machine may lie outside the peer's two readings.
SLACK = {
    r"node_(buddyinfo|memory_numa|zoneinfo)_.*": 1 << 28,
    r"node_filefd_allocated": 512,
    r"node_processes_.*": 64,
    r"node_sockstat_.*": 1 << 20,
    r"node_tcp_connection_states": 1 << 20,
    r"node_(nf_conntrack_entries|arp_entries)": 64,
    r"node_timex_.*": 1,
    r"node_(network_carrier|entropy)_.*": 256,
    r"node_udp_queues": 1 << 20,
    # The peer divides twice, which may cost the last digit.
    r"node_pressure_.*": 1e-6,
}


def test_this_machine_reads_the_same(start):
    peer = start.peer(*EVERY_DEVICE, collectors=GATEWAY)
    daemon = start.daemon(*only(GATEWAY))
    for _ in range(5):
        before, ours, after = read(peer), read(daemon), read(peer)
        result = Comparison(ours, before, after, SLACK)
        if not result.complaints:
            break
    assert not result.complaints, "\n".join(result.complaints)
    assert len(ours.values) > 200


def test_a_collector_that_this_machine_lacks_is_no_failure(start, tmp_path):
    """A container without most of /proc and /sys: what is hardware is absent, the rest fails."""
    for name in ("proc", "sys", "udev", "rootfs"):
        (tmp_path / name).mkdir()
    page = scrape(start.daemon(*on_tree(tmp_path)))
    present = {dict(labels)["collector"]: value
               for labels, value in page.named("ml_exporter_collector_present").items()}
    absent = {name for name, value in present.items() if value == 0}
    assert absent == {
        "bonding", "cgroups", "conntrack", "infiniband", "ipvs", "kernel_hung", "meminfo_numa",
        "netclass", "os", "pressure", "udp_queues"}
    assert {name for name in absent if success(page)[name] != 1} == set()


# MARK: damage

READERS = {
    "proc/net/arp": {"arp"},
    "proc/net/ip_vs": {"ipvs"},
    "proc/net/ip_vs_stats": {"ipvs"},
    "proc/net/netstat": {"netstat"},
    "proc/net/snmp": {"netstat"},
    "proc/net/snmp6": {"netstat"},
    "proc/net/sockstat": {"sockstat"},
    "proc/net/sockstat6": {"sockstat"},
    "proc/net/softnet_stat": {"softnet"},
    "proc/net/stat/nf_conntrack": {"conntrack"},
    "proc/net/udp": {"udp_queues"},
    "proc/net/udp6": {"udp_queues"},
    "proc/sys/net/netfilter/nf_conntrack_count": {"conntrack"},
    "proc/sys/net/netfilter/nf_conntrack_max": {"conntrack"},
    "proc/vmstat": {"vmstat"},
    "proc/buddyinfo": {"buddyinfo"},
    "proc/zoneinfo": {"zoneinfo"},
    "proc/pressure/cpu": {"pressure"},
    "proc/pressure/irq": {"pressure"},
    "proc/sys/fs/file-nr": {"filefd"},
    "proc/sys/kernel/random/entropy_avail": {"entropy"},
    "proc/sys/kernel/random/poolsize": {"entropy"},
    "proc/sys/kernel/hung_task_detect_count": {"kernel_hung"},
    "proc/sys/kernel/threads-max": {"processes"},
    "proc/sys/kernel/pid_max": {"processes"},
    "proc/4242/stat": {"processes"},
    "proc/4242/task/4243/stat": {"processes"},
    "proc/cgroups": {"cgroups"},
    "proc/self/attr/current": {"selinux"},
    "sys/fs/selinux/enforce": {"selinux"},
    # A link that leads nowhere looks like an interface.
    "sys/class/net/bonding_masters": {"bonding", "netclass"},
    "sys/class/net/bond0/bonding/slaves": {"bonding"},
    "sys/class/net/bond0/lower_eth0/bonding_slave/mii_status": {"bonding"},
    "sys/class/net/eth0/operstate": {"netclass"},
    "sys/class/net/eth0/speed": {"netclass"},
    "sys/class/infiniband/mlx5_0/ports/1/rate": {"infiniband"},
    "sys/class/infiniband/mlx5_0/ports/1/counters/port_rcv_data": {"infiniband"},
    "sys/devices/system/node/node1/meminfo": {"meminfo_numa"},
    "sys/devices/system/node/node1/numastat": {"meminfo_numa"},
    "rootfs/etc/os-release": {"os"},
    "rootfs/etc/selinux/config": {"selinux"},
}


@pytest.fixture
def tree(tmp_path) -> pathlib.Path:
    folder = tmp_path / "tree"
    shutil.copytree(FIXTURES / "gateway", folder)
    return folder


def machine(page: pages.Page) -> dict:
    """The samples of the machine, without the durations of scrapes."""
    return {series: value for series, value in page.values.items()
            if series[0].startswith("node_") and not series[0].startswith("node_scrape_")}


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_costs_only_its_readers(start, tree, name):
    file = tree / name
    daemon = start.daemon(*on_tree(tree))
    good = scrape(daemon)
    assert set(success(good).values()) == {1}
    content = file.read_bytes()
    others = set(ALL) - READERS[name]
    for damage in DAMAGES:
        damage(file)
        page = scrape(daemon)
        assert {c for c in others if success(page)[c] == 1} == others, damage.__name__
        assert {c for c in others if skipped(page, c)} == set(), damage.__name__
        # Repaired, it is read again.
        shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink(True)
        file.write_bytes(content)
        assert machine(scrape(daemon)) == machine(good), damage.__name__


def test_every_file_below_sys_may_be_damaged(start, tree):
    for damage in DAMAGES:
        for file in list((tree / "sys").rglob("*")):
            if file.is_file() and not file.is_symlink() and file.stat().st_size < 1 << 20:
                damage(file) if "16" not in damage.__name__ else None
        page = scrape(start.daemon(*on_tree(tree)))
        assert success(page)["netstat"] == success(page)["vmstat"] == 1
        shutil.rmtree(tree)
        shutil.copytree(FIXTURES / "gateway", tree)


def test_between_damaged_lines_the_good_ones_are_served(start):
    page = scrape(start.daemon(*on_tree(FIXTURES / "gateway-damaged")))
    value, get = page.value, page.get
    assert value("node_netstat_TcpExt_TCPTimeouts") == 8
    assert value("node_netstat_IpExt_OutOctets") == 7
    assert get("node_netstat_TcpExt_ListenDrops") is None
    assert value("node_arp_entries", device="eth7") == 1
    assert value("node_softnet_processed_total", cpu="3") == 1
    assert value("node_udp_queues", ip="v4", queue="tx") == 10
    assert value("node_vmstat_pgfault") == 12
    assert value("node_buddyinfo_blocks", node="0", zone="Normal", size="2") == 3
    assert value("node_zoneinfo_low_pages", node="0", zone="Normal") == 5
    assert value("node_bonding_slaves", master="bond0") == 2
    assert value("node_bonding_active", master="bond0") == 1
    assert value("node_network_up", device="eth0") == 1
    assert get("node_network_mtu_bytes", device="eth0") is None
    assert value("node_pressure_io_waiting_seconds_total") == 1
    assert value("node_processes_pids") == 2
    assert value("node_cgroups_enabled", subsys_name="memory") == 3
    for collector in ("arp", "bonding", "buddyinfo", "cgroups", "conntrack", "infiniband", "ipvs",
                      "meminfo_numa", "netclass", "netstat", "os", "pressure", "processes",
                      "selinux", "sockstat", "softnet", "udp_queues", "vmstat", "zoneinfo"):
        assert skipped(page, collector) > 0, collector


# MARK: a network of its own

NAMESPACE = ("unshare", "--net", "--mount", "sh", "-c", 'mount -t sysfs none /sys && exec "$0" "$@"')


@pytest.fixture
def alone(start, tmp_path) -> Daemon:
    """A daemon in a network namespace of its own, with the /sys of that namespace."""
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    return start.daemon(
        *only(("arp", "netclass", "network_route", "tcpstat", "bonding")),
        "--push.listen-address=none", listen=(f"unix:{tmp_path}/telemetry",), prefix=NAMESPACE)


def ip(daemon: Daemon, *arguments: str):
    subprocess.run(
        ["nsenter", f"--net=/proc/{daemon.pid}/ns/net", "ip", *arguments], check=True)


def devices(page: pages.Page, family: str = "node_network_up") -> set[str]:
    return {dict(labels)["device"] for labels in page.named(family)}


def test_interfaces_that_come_change_and_go(alone):
    assert devices(scrape(alone)) == devices(scrape(alone)) == {"lo"}
    ip(alone, "link", "add", "one", "type", "veth", "peer", "name", "two")
    page = scrape(alone)
    assert devices(page) == {"lo", "one", "two"}
    assert page.value("node_network_up", device="one") == 0
    assert page.value("node_network_mtu_bytes", device="one") == 1500
    ip(alone, "link", "set", "one", "mtu", "1400", "up")
    ip(alone, "link", "set", "two", "up")
    ip(alone, "link", "set", "two", "alias", 'a "name"')
    page = scrape(alone)
    assert page.value("node_network_up", device="one") == 1
    assert page.value("node_network_mtu_bytes", device="one") == 1400
    assert {dict(labels).get("ifalias") for labels in page.named("node_network_info")
            if dict(labels)["device"] == "two"} == {'a "name"'}
    ip(alone, "link", "set", "one", "down")
    ip(alone, "link", "set", "one", "name", "first")
    assert devices(scrape(alone)) == {"lo", "first", "two"}
    ip(alone, "link", "delete", "first")
    assert devices(scrape(alone)) == devices(scrape(alone)) == {"lo"}


def test_a_flood_of_announcements_loses_nothing(alone):
    scrape(alone)
    script = "".join(
        f"link add many{n} type bridge\nlink set many{n} mtu {1300 + n}\n" for n in range(300))
    subprocess.run(
        ["nsenter", f"--net=/proc/{alone.pid}/ns/net", "ip", "-batch", "-"], input=script,
        text=True, check=True)
    page = scrape(alone)
    assert devices(page) == {"lo", *(f"many{n}" for n in range(300))}
    assert page.value("node_network_mtu_bytes", device="many299") == 1599
    assert page.value("node_network_mtu_bytes", device="many0") == 1300


def test_neighbours_and_routes_are_those_of_the_kernel(alone):
    scrape(alone)
    ip(alone, "link", "add", "one", "type", "veth", "peer", "name", "two")
    ip(alone, "link", "set", "one", "up")
    ip(alone, "link", "set", "two", "up")
    ip(alone, "address", "add", "192.0.2.1/24", "dev", "one")
    for host in range(2, 5):
        ip(alone, "neighbour", "add", f"192.0.2.{host}", "lladdr", "02:00:00:00:00:01", "dev",
           "one", "nud", "permanent")
    ip(alone, "neighbour", "add", "192.0.2.9", "lladdr", "02:00:00:00:00:01", "dev", "one",
       "nud", "noarp")
    ip(alone, "route", "add", "198.51.100.0/25", "via", "192.0.2.2", "metric", "7", "proto",
       "static", "src", "192.0.2.1")
    ip(alone, "route", "add", "default", "nexthop", "via", "192.0.2.3", "weight", "5", "nexthop",
       "via", "192.0.2.4")
    page = scrape(alone)
    assert page.value("node_arp_entries", device="one") == 3
    routes = {tuple(sorted(dict(labels).items())) for labels in
              page.named("node_network_route_info")}

    def route(**labels: str):
        return tuple(sorted(labels.items()))

    assert route(device="one", dest="192.0.2.0/24", priority="0", proto="kernel",
                 src="192.0.2.1") in routes
    assert route(device="one", dest="198.51.100.0/25", gw="192.0.2.2", priority="7",
                 proto="static", src="192.0.2.1") in routes
    assert route(device="one", dest="default", gw="192.0.2.3", priority="0", proto="boot",
                 weight="5") in routes
    assert route(device="one", dest="default", gw="192.0.2.4", priority="0", proto="boot",
                 weight="1") in routes
    assert page.value("node_network_routes", device="one") == len(
        [labels for labels in routes if dict(labels).get("device") == "one"])
    assert page.value("node_tcp_connection_states", state="listen") == 0
