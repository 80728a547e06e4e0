"""How often a scrape or a push allocates memory, counted from outside the daemon."""

import contextlib
import os
import pathlib
import struct
import subprocess

from programs import REPOSITORY, ask, connect

COUNTER = REPOSITORY / "Tests" / "Benchmarks" / "malloc_counter.c"


def per_push(start, folder: pathlib.Path, body: bytes, content_type: str) -> float:
    """As `per_scrape`, of pushes of the same body."""
    headers = {"Content-Type": content_type}
    with _counted(start, folder, "--collector.disable-defaults", "--push.producer-rate=0") as (
            daemon, count), contextlib.closing(connect(daemon.push_address)) as connection:

        def push(times: int) -> int:
            for _ in range(times):
                assert ask(connection, "/v1/events", headers, "POST", body).status == 200
            return count()

        before = push(50)
        return (push(100) - before) / 100


@contextlib.contextmanager
def _counted(start, folder: pathlib.Path, *flags: str, **options):
    """A daemon, and a function that tells how many allocations it has made."""
    folder.mkdir()
    library, counts = folder / "malloc_counter.so", folder / "counts"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, COUNTER], check=True)
    daemon = start.daemon(*flags, **options, env={
        **os.environ, "LD_PRELOAD": str(library), "MALLOC_COUNTER": str(counts)})
    yield daemon, lambda: struct.unpack("4Q", counts.read_bytes())[0]


def per_scrape(start, folder: pathlib.Path, *flags: str, **options) -> float:
    """The mean of 200 scrapes on one connection, after 100 that may fill pools."""
    with _counted(start, folder, *flags, **options) as (daemon, count), contextlib.closing(
            connect(daemon.address)) as connection:

        def scrape(times: int) -> int:
            for _ in range(times):
                assert ask(connection, "/metrics").status == 200
            return count()

        before = scrape(100)
        return (scrape(200) - before) / 200
