"""The kernel kills the daemon for its memory while clients push: what was answered is there."""

import contextlib
import os
import pathlib
import signal

import pytest

from load import Load
from programs import wait_until
from test_storage import FEW, kill, page, sentences

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


def bulk(daemon, number: int) -> int:
    """A group of half a megabyte, each under another name."""
    text = b"# TYPE bulk gauge\n" + b"".join(
        b'bulk{of="%s",n="%d"} 1\n' % (b"x" * 900, row) for row in range(500))
    return daemon.push(f"/metrics/job/bulk/number/{number}", text, method="PUT").status


def test_what_was_answered_is_there_after_the_kernel_has_killed_it(start, tmp_path, limited):
    def keep():
        return start.daemon(*FEW, f"--storage.path={tmp_path}/data",
                            "--storage.snapshot-interval=1s")

    daemon = keep()
    load = Load(daemon)
    limited.take(daemon.pid)
    # What it holds now and a little more.
    status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) << 10
    limited.limit(resident + (6 << 20))
    kept = []
    with contextlib.suppress(OSError):
        for number in range(60):
            if bulk(daemon, number) == 200:
                kept.append(number)
    assert daemon.process.wait(20) == -signal.SIGKILL
    assert limited.kills == 1
    load.end()
    daemon = keep()
    load.audit(daemon)
    found = page(daemon)
    for number in kept:
        assert sum(value for labels, value in found.named("bulk").items()
                   if ("number", str(number)) in labels) == 500
    assert sentences(daemon) == []
    kill(daemon)
