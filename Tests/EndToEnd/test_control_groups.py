"""Control groups of services: a fixture tree of cgroup v2, damaged and changing."""

import os
import pathlib
import shutil
import subprocess

import pytest

import pages
from allocations import per_scrape
from programs import FIXTURES
from test_bad_input import DAMAGES

SERVICE = "/system.slice/model-server.service"


@pytest.fixture
def tree(tmp_path) -> pathlib.Path:
    folder = tmp_path / "tree"
    shutil.copytree(FIXTURES / "services", folder)
    return folder


@pytest.fixture
def daemon(start, tree):
    return start.daemon(
        "--collector.disable-defaults", r"--collector.cgroup.include=^/system\.slice/.*\.service$",
        f"--path.sysfs={tree}/sys")


def page(daemon) -> pages.Page:
    found = pages.parse_text(daemon.get().body)
    assert not found.duplicates
    assert found.value("node_scrape_collector_success", collector="cgroup") == 1
    return found


def groups(found: pages.Page) -> set[str]:
    return {value for name, labels in found.values if name.startswith("ml_cgroup_")
            for label, value in labels if label == "cgroup"}


def skipped(found: pages.Page) -> float:
    return found.value("ml_exporter_collector_skipped_lines_total", collector="cgroup")


def test_a_services_limits_are_seen(daemon):
    found = page(daemon)
    assert groups(found) == {SERVICE, "/system.slice/ssh.service"}
    assert found.value("ml_cgroup_memory_limit_bytes", cgroup=SERVICE) == 8 << 30
    assert found.value("ml_cgroup_cpu_limit_cores", cgroup=SERVICE) == 2.5
    assert found.value("ml_cgroup_io_read_bytes_total", cgroup=SERVICE, device="vda") == 1 << 20
    assert skipped(found) == 0


def test_it_is_off_unless_groups_are_named(start, tree):
    body = start.daemon(f"--path.sysfs={tree}/sys").get().body
    assert b"ml_cgroup" not in body


def test_an_invalid_pattern_is_reported_at_the_start(start):
    with pytest.raises(AssertionError, match="collector.cgroup.include"):
        start.daemon("--collector.cgroup.include=(")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_costs_what_it_holds(daemon, tree, damage):
    whole = page(daemon)
    folder = tree / ("sys/fs/cgroup" + SERVICE)
    for file in sorted(folder.iterdir()):
        # Without it there is no group.
        if file.name == "cpu.stat" and damage.__name__ in ("missing", "dangling"):
            continue
        good = file.read_bytes()
        damage(file)
        found = page(daemon)
        assert groups(found) == groups(whole), file.name
        for key, value in whole.values.items():
            if ("cgroup", "/system.slice/ssh.service") in key[1]:
                assert found.values.get(key) == value, file.name
        if file.is_dir():
            file.rmdir()
        elif file.is_symlink() or file.exists():
            file.unlink()
        file.write_bytes(good)
    assert daemon.alive


def test_damage_is_counted(daemon, tree):
    before = skipped(page(daemon))
    (tree / ("sys/fs/cgroup" + SERVICE) / "cpu.stat").write_text("usage_usec\nuser_usec 1000000\n")
    found = page(daemon)
    assert skipped(found) == before + 1
    assert found.value("ml_cgroup_cpu_user_seconds_total", cgroup=SERVICE) == 1
    assert found.get("ml_cgroup_cpu_usage_seconds_total", cgroup=SERVICE) is None


def test_a_service_that_stops_is_missed_and_one_that_restarts_is_found(daemon, tree):
    assert SERVICE in groups(page(daemon))
    folder = tree / ("sys/fs/cgroup" + SERVICE)
    folder.rename(tree / "away")
    assert groups(page(daemon)) == {"/system.slice/ssh.service"}
    (tree / "away").rename(folder)
    assert SERVICE in groups(page(daemon))


def test_a_link_in_the_hierarchy_is_not_followed(start, tree):
    os.symlink("..", tree / "sys/fs/cgroup/system.slice/up")
    found = page(start.daemon(
        "--collector.disable-defaults", "--collector.cgroup.include=.*",
        f"--path.sysfs={tree}/sys"))
    assert len(groups(found)) == 7


def test_a_daemon_in_a_container_says_so(start):
    in_container = os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")
    if not in_container:
        pytest.skip("not in a container")
    flags = ("--collector.disable-defaults", "--collector.loadavg")
    assert start.daemon(*flags).log.count("in a container without --path.rootfs") == 1
    told = start.daemon(*flags, f"--path.rootfs={FIXTURES}/debian12-2cpu/rootfs").log
    assert "in a container" not in told


# MARK: a hierarchy of the kernel's own

class Hierarchy:
    """The machine's cgroup v2, mounted for single programs alone; its groups are everybody's."""

    def __init__(self, folder: pathlib.Path):
        self.sys = folder / "sys"
        self.mount_point = self.sys / "fs/cgroup"
        self.mount_point.mkdir(parents=True)
        self.made = []

    @property
    def prefix(self) -> tuple:
        script = 'mount -t cgroup2 none "$0" && exec "$@"'
        return ("unshare", "--mount", "sh", "-c", script, str(self.mount_point))

    def run(self, *command: str) -> bool:
        return subprocess.run([*self.prefix, *command], capture_output=True).returncode == 0

    def make(self, name: str):
        assert self.run("mkdir", str(self.mount_point / name))
        self.made.append(name)

    def remove(self, name: str):
        assert self.run("rmdir", str(self.mount_point / name))
        self.made.remove(name)


@pytest.fixture
def hierarchy(tmp_path):
    hierarchy = Hierarchy(tmp_path / "machine")
    if not hierarchy.run("test", "-e", str(hierarchy.mount_point / "cgroup.controllers")):
        pytest.skip("cgroup v2 cannot be mounted here")
    yield hierarchy
    for name in list(hierarchy.made):
        hierarchy.remove(name)


def test_a_restarted_service_of_a_real_hierarchy_is_read_at_once(start, hierarchy):
    name = f"ml_exporter-test-{os.getpid()}"
    hierarchy.make(name)
    daemon = start.daemon(
        "--collector.disable-defaults", f"--collector.cgroup.include=^/{name}",
        f"--path.sysfs={hierarchy.sys}", prefix=hierarchy.prefix)
    for _ in range(3):
        found = page(daemon)
        assert groups(found) == {f"/{name}"} and skipped(found) == 0
        assert found.value("ml_cgroup_cpu_usage_seconds_total", cgroup=f"/{name}") == 0
        hierarchy.remove(name)
        hierarchy.make(name)
    hierarchy.remove(name)
    assert groups(page(daemon)) == set()


def test_a_scrape_allocates_nothing_per_group(start, hierarchy, tmp_path):
    names = [f"ml_exporter-test-{os.getpid()}-{number}" for number in range(8)]
    for name in names:
        hierarchy.make(name)

    def allocations(pattern: str) -> float:
        return per_scrape(
            start, tmp_path / pattern[-1], "--collector.disable-defaults",
            f"--collector.cgroup.include={pattern}", f"--path.sysfs={hierarchy.sys}",
            prefix=hierarchy.prefix)

    assert allocations(f"^/{names[0][:-1]}") - allocations(f"^/{names[0]}") < 1
