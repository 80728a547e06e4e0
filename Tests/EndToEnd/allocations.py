"""How often a scrape allocates memory, counted from outside the daemon."""

import contextlib
import os
import pathlib
import struct
import subprocess

from programs import REPOSITORY, ask, connect

COUNTER = REPOSITORY / "Tests" / "Benchmarks" / "malloc_counter.c"


def per_scrape(start, folder: pathlib.Path, *flags: str, **options) -> float:
    """The mean of 200 scrapes on one connection, after 100 that may fill pools."""
    folder.mkdir()
    library, counts = folder / "malloc_counter.so", folder / "counts"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, COUNTER], check=True)
    daemon = start.daemon(*flags, **options, env={
        **os.environ, "LD_PRELOAD": str(library), "MALLOC_COUNTER": str(counts)})
    with contextlib.closing(connect(daemon.address)) as connection:

        def scrape(times: int) -> int:
            for _ in range(times):
                assert ask(connection, "/metrics").status == 200
            return struct.unpack("4Q", counts.read_bytes())[0]

        before = scrape(100)
        return (scrape(200) - before) / 200
