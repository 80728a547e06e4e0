"""System calls of a running daemon that strace lets fail or wait."""

import contextlib
import pathlib
import signal
import subprocess

from programs import wait_until


@contextlib.contextmanager
def strace(daemon, folder: pathlib.Path, *words: str, ending=signal.SIGTERM):
    """Runs with these words of the command line on all threads of the daemon; what it sees is in
    `folder`/trace. `ending` lets it go."""
    told = folder / "strace.log"
    with open(told, "wb") as sink:
        tracer = subprocess.Popen(
            ["strace", "-f", "-p", str(daemon.pid), "-o", str(folder / "trace"), *words],
            stderr=sink)
    try:
        wait_until(lambda: "attached" in told.read_text(), 20, "strace is attached")
        yield
    finally:
        tracer.send_signal(ending)
        tracer.wait(20)
