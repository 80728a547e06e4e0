"""Many scrapes leave no trace: neither descriptors nor memory."""

import contextlib
import os
import re
import shutil

from programs import FIXTURES, ask, connect, wait_until

ASK = {"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0"}
# What an allocator may still take after the first thousand scrapes.
GROWTH_KILOBYTES = 1024


def descriptors(daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def resident_kilobytes(daemon) -> int:
    with open(f"/proc/{daemon.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


def threads(daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/task"))


def scrape(connection, count: int):
    for _ in range(count):
        assert ask(connection, "/metrics", ASK).status == 200


def test_ten_thousand_scrapes_on_one_connection(start):
    daemon = start.daemon()
    with contextlib.closing(connect(daemon.address)) as connection:
        scrape(connection, 1000)
        before = descriptors(daemon), threads(daemon)
        memory = resident_kilobytes(daemon)
        scrape(connection, 10_000)
        assert (descriptors(daemon), threads(daemon)) == before
        assert resident_kilobytes(daemon) - memory < GROWTH_KILOBYTES


def test_a_thousand_scrapes_on_new_connections(start):
    daemon = start.daemon()
    for _ in range(200):
        daemon.get("/metrics", ASK)
    before = descriptors(daemon)
    memory = resident_kilobytes(daemon)
    for _ in range(1000):
        assert daemon.get("/metrics", ASK).status == 200
    wait_until(lambda: descriptors(daemon) <= before, 20, "the descriptors are closed")
    assert resident_kilobytes(daemon) - memory < GROWTH_KILOBYTES


def test_devices_that_come_and_go_leave_no_memory(start, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(FIXTURES / "debian12-2cpu", tree)
    daemon = start.daemon(tree=tree)
    numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"

    def devices(generation: int):
        (tree / "proc/net/dev").write_text("\n\n" + "".join(
            f"veth{generation}x{n}: {numbers}\n" for n in range(50)))

    with contextlib.closing(connect(daemon.address)) as connection:
        for generation in range(100):
            devices(generation)
            scrape(connection, 1)
        memory = resident_kilobytes(daemon)
        for generation in range(100, 600):
            devices(generation)
            scrape(connection, 1)
        assert resident_kilobytes(daemon) - memory < GROWTH_KILOBYTES
