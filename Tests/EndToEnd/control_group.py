"""A control group that limits the memory of its members."""

import os
import pathlib

import pytest

from programs import wait_until

MEMORY = pathlib.Path("/sys/fs/cgroup/memory")
UNIFIED = pathlib.Path("/sys/fs/cgroup")


class ControlGroup:
    """A group whose members may hold so many bytes of memory together (cgroup v2, or v1)."""

    def __init__(self, folder: pathlib.Path, is_unified: bool):
        self.folder, self.is_unified = folder, is_unified
        folder.mkdir()

    def limit(self, size: int):
        name = "memory.max" if self.is_unified else "memory.limit_in_bytes"
        (self.folder / name).write_text(str(size))

    def take(self, pid: int):
        (self.folder / "cgroup.procs").write_text(str(pid))

    @property
    def kills(self) -> int:
        name = "memory.events" if self.is_unified else "memory.oom_control"
        words = dict(line.split() for line in (self.folder / name).read_text().splitlines())
        return int(words["oom_kill"])

    def close(self):
        wait_until(lambda: not (self.folder / "cgroup.procs").read_text(), 20, "the group is empty")
        self.folder.rmdir()


@pytest.fixture
def limited():
    """An empty group without a limit."""
    name = f"ml-exporter-test-{os.getpid()}"
    is_unified = (UNIFIED / "cgroup.controllers").exists()
    parent = UNIFIED if is_unified else MEMORY
    try:
        if is_unified and "memory" not in (parent / "cgroup.subtree_control").read_text().split():
            (parent / "cgroup.subtree_control").write_text("+memory")
        group = ControlGroup(parent / name, is_unified)
    except OSError as error:
        pytest.skip(f"no control group that limits memory: {error}")
    yield group
    group.close()
