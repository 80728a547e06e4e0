"""A mount that hangs. The page is served in time, without what cannot be known."""

import os
import pathlib
import shutil
import sys
import threading
import time

import pytest

import pages
from programs import FIXTURES, connect, wait_until

WRAPPER = pathlib.Path(__file__).with_name("hung_mount.py")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists("/dev/fuse"),
    reason="a mount that hangs needs root and /dev/fuse")


class Hang:
    """A directory that hangs for the daemon alone, until `release`."""

    def __init__(self, folder: pathlib.Path):
        self.directory = folder / "away"
        self.directory.mkdir()
        self.file = folder / "release"

    @property
    def prefix(self) -> tuple:
        return (sys.executable, str(WRAPPER), str(self.directory), str(self.file))

    def release(self):
        self.file.touch()


@pytest.fixture
def hang(tmp_path):
    hang = Hang(tmp_path)
    yield hang
    hang.release()


@pytest.fixture
def tree(tmp_path) -> pathlib.Path:
    folder = tmp_path / "tree"
    shutil.copytree(FIXTURES / "debian12-2cpu", folder)
    return folder


def timed(daemon, timeout: float | None = None) -> tuple[pages.Page, float]:
    headers = {} if timeout is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
    start = time.monotonic()
    answer = daemon.get(headers=headers)
    took = time.monotonic() - start
    assert answer.status == 200
    return pages.parse_text(answer.body), took


def success(page: pages.Page, collector: str) -> float:
    return page.value("node_scrape_collector_success", collector=collector)


def hangs(page: pages.Page, path: pathlib.Path) -> bool:
    return page.get(
        "node_filesystem_device_error", device="server:/models", mountpoint=str(path),
        fstype="nfs4", device_error="mountpoint timeout") == 1


@pytest.fixture
def mounted(start, hang, tree):
    """A daemon whose mount table says that the hanging directory is NFS."""
    (tree / "proc/1/mountinfo").write_text(
        "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
        f"40 29 0:44 / {hang.directory} rw,relatime - nfs4 server:/models rw\n"
        f"41 40 8:2 / {hang.directory}/below rw,relatime - ext4 /dev/vdb1 rw\n")
    return start.daemon(
        f"--path.procfs={tree}/proc", "--collector.disable-defaults", "--collector.filesystem",
        "--collector.loadavg", "--collector.filesystem.mount-timeout=500ms", prefix=hang.prefix)


def test_a_hung_mount_is_reported_in_the_same_scrape(mounted, hang):
    page, took = timed(mounted, 10)
    assert hangs(page, hang.directory)
    assert page.value("ml_exporter_filesystem_hung_calls") == 2
    assert success(page, "filesystem") == 1
    size = page.named("node_filesystem_size_bytes")
    assert [dict(labels)["mountpoint"] for labels in size] == ["/"]
    assert took < 4


def test_what_lies_below_a_hung_mount_hangs_too(mounted, hang):
    page, _ = timed(mounted)
    assert page.value(
        "node_filesystem_device_error", device="/dev/vdb1",
        mountpoint=f"{hang.directory}/below", fstype="ext4",
        device_error="mountpoint timeout") == 1


def test_a_hung_mount_is_asked_once_and_comes_back(mounted, hang):
    timed(mounted)
    threads = [timed(mounted)[0].value("process_threads") for _ in range(5)]
    assert threads == [threads[0]] * 5
    hang.release()

    def is_back():
        page, _ = timed(mounted)
        return page.value("ml_exporter_filesystem_hung_calls") == 0 and page

    page = wait_until(is_back, 10, "the calls come back")
    assert page.value(
        "node_filesystem_device_error", device="server:/models", mountpoint=str(hang.directory),
        fstype="nfs4", device_error="transport endpoint is not connected") == 1


@pytest.fixture
def stuck(start, hang, tree):
    """A daemon whose collector of disks looks into the hanging directory, from the first scrape on: it
    takes no pushes, for which the daemon makes a page at its start."""
    return start.daemon(
        f"--path.procfs={tree}/proc", f"--path.udev.data={hang.directory}/udev",
        "--push.listen-address=none", prefix=hang.prefix)


def test_pushes_wait_little_for_a_collector_that_hangs_at_the_start(start, hang, tree):
    daemon = start.daemon(
        f"--path.procfs={tree}/proc", f"--path.udev.data={hang.directory}/udev",
        prefix=hang.prefix)
    begin = time.monotonic()
    # Names of the other collectors are known all the same.
    for typ, status in (("counter", 400), ("gauge", 200)):
        body = f"# TYPE node_load1 {typ}\nnode_load1 1\n".encode()
        assert daemon.push("/metrics/job/j", body).status == status
    assert time.monotonic() - begin < 5
    page, took = timed(daemon, 10)
    assert took < 3 and success(page, "diskstats") == 0


def test_a_collector_that_hangs_costs_itself(stuck, hang):
    page, took = timed(stuck, 3)
    assert took < 3
    assert success(page, "diskstats") == 0
    assert page.value("ml_exporter_collector_timeouts_total", collector="diskstats") == 1
    others = {dict(labels)["collector"]: value
              for labels, value in page.named("node_scrape_collector_success").items()}
    assert others.pop("diskstats") == 0
    assert others["loadavg"] == others["cpu"] == others["meminfo"] == 1
    assert "node_load1" in page.types and "node_uname_info" in page.types


def test_a_collector_that_hangs_is_left_out_until_it_comes_back(stuck, hang):
    timed(stuck, 1)
    start = time.monotonic()
    for _ in range(10):
        page, _ = timed(stuck, 10)
        assert success(page, "diskstats") == 0
    assert time.monotonic() - start < 5
    threads = page.value("process_threads")
    hang.release()

    def is_back():
        page, _ = timed(stuck)
        return success(page, "diskstats") == 1 and page

    page = wait_until(is_back, 10, "the collector comes back")
    assert "node_disk_reads_completed_total" in page.types
    wait_until(
        lambda: timed(stuck)[0].value("process_threads") < threads, 10, "the thread left behind ends")


def test_while_a_collector_hangs_other_paths_answer(stuck):
    waiting = threading.Thread(target=lambda: timed(stuck, 4))
    waiting.start()
    time.sleep(0.3)
    for _ in range(5):
        start = time.monotonic()
        assert stuck.get("/-/healthy").status == 200
        assert time.monotonic() - start < 1
    waiting.join()


def test_a_daemon_that_hangs_still_stops(stuck):
    timed(stuck, 1)
    assert stuck.stop() == 0


def test_a_page_without_a_waiting_client_is_abandoned(stuck, hang):
    connection = connect(stuck.address)
    connection.request("GET", "/metrics")
    time.sleep(0.5)
    connection.close()
    hang.release()
    wait_until(
        lambda: timed(stuck)[0].value("ml_exporter_http_refused_total", reason="abandoned") == 1,
        10, "the page is given up")
