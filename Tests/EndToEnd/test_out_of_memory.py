"""The kernel kills the daemon for its memory while clients push: what was answered is there."""

import contextlib
import pathlib
import signal

from control_group import limited  # noqa: F401
from load import Load
from programs import wait_until
from test_storage import FEW, kill, page, sentences

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
