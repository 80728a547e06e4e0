"""Kernel text that no kernel writes. The daemon lives, and serves what can be read."""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

import pages
from pages import Page
from programs import FIXTURES, NINE, binary

READERS = {
    "proc/stat": {"cpu", "stat"},
    "proc/meminfo": {"meminfo"},
    "proc/net/dev": {"netdev"},
    "proc/diskstats": {"diskstats"},
    "proc/loadavg": {"loadavg"},
    "proc/1/mountinfo": {"filesystem"},
}


@pytest.fixture
def tree(tmp_path) -> pathlib.Path:
    folder = tmp_path / "tree"
    shutil.copytree(FIXTURES / "debian12-2cpu", folder)
    # Otherwise a missing 1/mountinfo is answered with this one, as it should be.
    (folder / "proc/self/mountinfo").unlink()
    return folder


def scrape(daemon) -> Page:
    """The page of a daemon that must be well, whatever it reads."""
    answer = daemon.get()
    assert answer.status == 200
    assert daemon.get("/-/healthy").status == 200
    assert daemon.alive
    page = pages.parse_text(answer.body)
    assert not page.duplicates, pages.listing(page.duplicates)
    return page


def success(page: Page) -> dict[str, float]:
    return {dict(labels)["collector"]: value
            for labels, value in page.named("node_scrape_collector_success").items()}


def skipped(page: Page, collector: str) -> float:
    return page.value("ml_exporter_collector_skipped_lines_total", collector=collector)


# MARK: whole files

def missing(file: pathlib.Path):
    file.unlink()


def empty(file: pathlib.Path):
    file.write_bytes(b"")


def truncated(file: pathlib.Path):
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])


def binary_bytes(file: pathlib.Path):
    file.write_bytes(random.Random(file.name).randbytes(50_000))


def nul_bytes(file: pathlib.Path):
    file.write_bytes(bytes(10_000))


def oversized(file: pathlib.Path):
    content = file.read_bytes()
    file.write_bytes(content * (16 * 1024 * 1024 // len(content) + 1))


def one_endless_line(file: pathlib.Path):
    file.write_bytes(b"x" * (16 * 1024 * 1024))


def folder(file: pathlib.Path):
    file.unlink()
    file.mkdir()


def dangling(file: pathlib.Path):
    file.unlink()
    file.symlink_to("nowhere")


def loop(file: pathlib.Path):
    file.unlink()
    file.symlink_to(file.name)


def overflowing(file: pathlib.Path):
    content = file.read_text()
    file.write_text(re.sub(r"\b\d{3,}\b", "99999999999999999999", content))


DAMAGES = (missing, empty, truncated, binary_bytes, nul_bytes, oversized, one_endless_line,
           folder, dangling, loop, overflowing)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_costs_only_its_readers(start, tree, name, damage):
    file = tree / name
    good = file.read_bytes()
    damage(file)
    daemon = start.daemon(tree=tree)
    page = scrape(daemon)
    others = set(NINE) - READERS[name]
    assert {c for c in others if success(page)[c] == 1} == others
    if damage in (missing, folder, dangling, loop):
        # A kernel without block devices has no diskstats: that is absence, not failure.
        absent = name == "proc/diskstats" and damage in (missing, dangling)
        assert {success(page)[c] for c in READERS[name]} == {1 if absent else 0}
    # Repaired while running, it is read again.
    shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink(True)
    file.write_bytes(good)
    page = scrape(daemon)
    assert set(success(page).values()) == {1}, daemon.log


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", (missing, empty, binary_bytes, folder),
                         ids=lambda damage: damage.__name__)
def test_a_file_damaged_while_running_costs_only_its_readers(start, tree, name, damage):
    daemon = start.daemon(tree=tree)
    assert set(success(scrape(daemon)).values()) == {1}
    damage(tree / name)
    page = scrape(daemon)
    others = set(NINE) - READERS[name]
    assert {c for c in others if success(page)[c] == 1} == others


@pytest.mark.parametrize("root", ["proc", "sys", "udev", "rootfs", "."])
def test_a_root_that_is_not_there_ends_nothing(start, tree, root):
    shutil.rmtree(tree / root)
    page = scrape(start.daemon(tree=tree))
    assert success(page)["uname"] == 1 and success(page)["time"] == 1
    if root in ("udev", "rootfs"):
        assert success(page)["diskstats"] == 1 and success(page)["cpu"] == 1


@pytest.mark.parametrize("root", ["proc", "sys", "udev", "rootfs", "."])
def test_a_root_may_vanish_and_come_back(start, tree, root):
    daemon = start.daemon(tree=tree)
    before = scrape(daemon)
    place = (tree / root).resolve()
    away = place.with_name("away")
    place.rename(away)
    for _ in range(3):
        page = scrape(daemon)
        assert success(page)["uname"] == 1
    if root in ("proc", "."):
        assert success(page)["meminfo"] == 0
    away.rename(place)
    after = scrape(daemon)
    assert set(success(after).values()) == {1}
    assert {key for key in before.values if key[0].startswith("node_")} \
        == {key for key in after.values if key[0].startswith("node_")}


@pytest.mark.parametrize("damage", (missing, empty, truncated, binary_bytes, nul_bytes, folder,
                                    dangling, loop), ids=lambda damage: damage.__name__)
def test_every_file_below_sys_and_udev_may_be_damaged(start, tree, damage):
    for root in ("sys", "udev"):
        for file in list((tree / root).rglob("*")):
            if file.is_file() and not file.is_symlink():
                damage(file)
    page = scrape(start.daemon(tree=tree))
    assert success(page)["cpu"] == 1 and success(page)["diskstats"] == 1
    assert page.value("node_memory_MemTotal_bytes") > 0


def test_every_file_below_sys_and_udev_may_be_oversized(start, tree):
    for file in ("sys/devices/system/clocksource/clocksource0/current_clocksource",
                 "sys/devices/system/cpu/isolated", "sys/block/vda/queue/rotational",
                 "sys/devices/system/cpu/cpu0/topology/core_id", "udev/b254:0"):
        one_endless_line(tree / file)
    page = scrape(start.daemon(tree=tree))
    assert success(page)["cpu"] == 1 and success(page)["diskstats"] == 1


UNREADABLE = {
    **READERS,
    "sys/block/vda/queue/rotational": set(),
    "sys/devices/system/cpu/cpu0/topology/core_id": set(),
    "sys/devices/system/cpu/isolated": set(),
    "sys/devices/system/clocksource/clocksource0/current_clocksource": set(),
    "udev/b254:0": set(),
    "udev": set(),
    "proc/net": {"netdev"},
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a daemon as another user")
@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_costs_only_its_readers(start, name):
    # Everybody may look into /tmp, but not into what pytest makes for root.
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        os.chmod(place, 0o755)
        tree = pathlib.Path(place) / "tree"
        shutil.copytree(FIXTURES / "debian12-2cpu", tree)
        (tree / "proc/self/mountinfo").unlink()
        program = shutil.copy(binary(), f"{place}/ml_exporter")
        (tree / name).chmod(0)
        previous = os.environ.get("ML_EXPORTER")
        os.environ["ML_EXPORTER"] = program
        try:
            daemon = start.daemon(tree=tree, user=65534, group=65534, extra_groups=[])
        finally:
            os.environ.pop("ML_EXPORTER")
            if previous is not None:
                os.environ["ML_EXPORTER"] = previous
        page = scrape(daemon)
        assert {c for c, value in success(page).items() if value == 1} \
            == set(NINE) - UNREADABLE[name]
        # A lasting failure is said once, not at every scrape.
        for _ in range(5):
            scrape(daemon)
        word = name.removeprefix("proc/")
        said = [line for line in daemon.log.splitlines() if word in line]
        assert len(said) <= 2 * max(1, len(UNREADABLE[name])), daemon.log
        assert said or not UNREADABLE[name], daemon.log
        assert daemon.stop() == 0


# MARK: lines

def test_between_damaged_lines_the_good_ones_are_served(start):
    daemon = start.daemon("--collector.cpu.info", tree="damaged")
    page = scrape(daemon)
    value, get = page.value, page.get
    assert value("node_cpu_seconds_total", cpu="0", mode="user") == 0.01
    assert value("node_cpu_seconds_total", cpu="5", mode="steal") == 0.18
    assert get("node_cpu_seconds_total", cpu="2", mode="user") is None
    assert value("node_context_switches_total") == 4712
    assert value("node_intr_total") == 4711
    assert value("node_forks_total") == 4713
    assert value("node_memory_MemTotal_bytes") == 24684096 * 1024
    assert value("node_memory_Shmem_bytes") == 8788 * 1024
    assert value("node_memory_HugePages_Total") == 4
    assert get("node_memory_Buffers_bytes") is None
    assert value("node_network_receive_bytes_total", device="good0") == 1
    assert value("node_network_transmit_bytes_total", device="good1") == 9
    assert get("node_network_receive_bytes_total", device="short0") is None
    assert get("node_network_receive_bytes_total", device="bad0") is None
    assert value("node_disk_reads_completed_total", device="sda") == 1
    assert value("node_disk_writes_completed_total", device="sdk") == 5
    assert value("node_disk_reads_completed_total", device="sdj") == 1
    assert get("node_disk_reads_completed_total", device="sdg") is None
    assert value("node_filesystem_readonly", device="/dev/root", fstype="ext4",
                 mountpoint="/") == 0
    for collector in ("cpu", "stat", "meminfo", "netdev", "diskstats", "filesystem"):
        assert skipped(page, collector) > 0, collector
        assert success(page)[collector] == 1, collector


def test_skipped_lines_are_counted_at_each_scrape(start, tree):
    (tree / "proc/meminfo").write_text("MemTotal: 1 kB\nbad\nMemFree: x kB\nBuffers: 2 kB\n")
    daemon = start.daemon(tree=tree)
    first = skipped(scrape(daemon), "meminfo")
    second = skipped(scrape(daemon), "meminfo")
    assert second - first == 2
    assert scrape(daemon).value("node_memory_Buffers_bytes") == 2048


def test_a_value_that_overflows_costs_one_line(start, tree):
    (tree / "proc/meminfo").write_text(
        "MemTotal: 1 kB\nMemFree: 99999999999999999999 kB\nCached: 18446744073709551615 kB\n"
        "Buffers: 2 kB\n")
    page = scrape(start.daemon(tree=tree))
    assert page.value("node_memory_Cached_bytes") == float(2**64 - 1) * 1024
    assert page.value("node_memory_Buffers_bytes") == 2048
    assert success(page)["meminfo"] == 1


# MARK: devices

HEAD = "Inter-|   Receive\n face |bytes\n"


def test_ten_thousand_network_devices_are_served(start, tree):
    rows = "".join(f"veth{n}: {n} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n" for n in range(10_000))
    (tree / "proc/net/dev").write_text(HEAD + rows)
    daemon = start.daemon(tree=tree)
    page = scrape(daemon)
    received = page.named("node_network_receive_bytes_total")
    assert len(received) == 10_000
    assert received[frozenset({("device", "veth9999")})] == 9999
    # They go again, and so do their series.
    (tree / "proc/net/dev").write_text(HEAD + "eth0: 1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n")
    page = scrape(daemon)
    assert list(page.named("node_network_receive_bytes_total")) == [
        frozenset({("device", "eth0")})]


@pytest.mark.parametrize("name", ['a"b', "a\\b", 'a\\"', "\\", '"', "\\n", "ünï", "\U0001F4A9",
                                  "a b", "{}", "a=b,c", "#x", "a\x7fb", "\x01", "\u202e"])
def test_a_device_name_reaches_its_label_unchanged(start, tree, name):
    numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
    (tree / "proc/net/dev").write_bytes(HEAD.encode() + f"  {name}:{numbers}\n".encode())
    daemon = start.daemon(tree=tree)
    page = scrape(daemon)
    assert page.value("node_network_receive_bytes_total", device=name.strip()) == 1
    strict = daemon.get(headers={"Accept": "application/openmetrics-text"})
    values = pages.parse_openmetrics(strict.body).values
    assert ("node_network_receive_bytes_total", frozenset({("device", name)})) in values


@pytest.mark.parametrize("escaped, plain", [
    (r"/new\012line", "/new\nline"), (r"/tab\011", "/tab\t"), (r"/sp\040ace", "/sp ace"),
    (r"/back\134slash", "/back\\slash"), (r"/hash\043", "/hash#"), ('/"', '/"'),
    (r"/not\9octal", r"/not\9octal"), (r"/cut\04", r"/cut\04"),
])
def test_a_mount_point_is_unescaped(start, tree, escaped, plain):
    (tree / "proc/1/mountinfo").write_text(f"27 1 8:1 / {escaped} ro - ext4 /dev/x rw\n")
    page = scrape(start.daemon(tree=tree))
    points = {dict(labels)["mountpoint"] for labels in page.named("node_filesystem_readonly")}
    assert points == {plain}


def test_bytes_that_are_not_utf8_are_replaced(start, tree):
    numbers = b"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    (tree / "proc/net/dev").write_bytes(HEAD.encode() + b"bad\xff0: " + numbers)
    (tree / "proc/1/mountinfo").write_bytes(b"27 1 8:1 / /m\xff\xfe rw - ext4 /dev/\x80 rw\n")
    (tree / "udev/b254:0").write_bytes(b"E:ID_MODEL=\xc3\x28\nE:ID_SERIAL=ok\n")
    page = scrape(start.daemon(tree=tree))
    devices = {dict(labels)["device"] for labels in page.named("node_network_receive_bytes_total")}
    assert len(devices) == 1 and "\ufffd" in next(iter(devices))
    points = {dict(labels)["mountpoint"] for labels in page.named("node_filesystem_readonly")}
    assert len(points) == 1 and "\ufffd" in next(iter(points))
    models = {dict(labels).get("model") for labels in page.named("node_disk_info")}
    assert any("\ufffd" in (model or "") for model in models)


def test_two_devices_of_one_name_give_one_series(start, tree):
    numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
    (tree / "proc/net/dev").write_text(HEAD + f"eth0: {numbers}\neth0: {numbers}\n")
    (tree / "proc/1/mountinfo").write_text(
        "27 1 8:1 / /a rw - ext4 /dev/x rw\n28 1 8:1 / /a rw - ext4 /dev/x rw\n")
    page = scrape(start.daemon(tree=tree))
    assert len(page.named("node_network_receive_bytes_total")) == 1
    assert len(page.named("node_filesystem_readonly")) == 1


def test_a_counter_that_falls_back_a_little_does_not_fall(start, tree):
    """/proc/stat may step back by a tick; only a fall of 3 s of idle time means a new CPU."""
    file = tree / "proc/stat"
    text = "cpu 0 0 0 0\ncpu0 {user} 0 0 {idle} 0 0 0 0 0 0\nctxt 1\nbtime 1\n"
    daemon = None
    found = []
    for user, idle in ((500, 1000), (499, 999), (600, 1100), (10, 20)):
        file.write_text(text.format(user=user, idle=idle))
        daemon = daemon or start.daemon(tree=tree)
        page = scrape(daemon)
        found.append((page.value("node_cpu_seconds_total", cpu="0", mode="user"),
                      page.value("node_cpu_seconds_total", cpu="0", mode="idle")))
    assert found == [(5, 10), (5, 10), (6, 11), (0.1, 0.2)]


def test_the_fixture_trees_are_what_their_script_makes():
    result = subprocess.run([sys.executable, FIXTURES / "make-fixtures.py", "--check"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout
