"""Lets the storage fail at random while clients push, kills the daemon, and audits what it knows.

    python3 Tests/Torture/faults.py --rounds 60

The daemon runs with libfiu in it, which lets calls of the C library fail: in each round some of them,
each with a chance of its own, for a while. Half of the rounds end with kill -9 in the middle of that,
the others when the daemon has recovered. After each start every batch is audited.

Ends with 1 when a promise was broken, and with 77 and the reason without libfiu.
"""

import pathlib
import shutil
import subprocess
import sys
import time
from collections import Counter

from daemons import MLExporter, fetch
from rounds import TAKEN_SECONDS, Rounds, parsed
from witness import damage_told, samples

SKIPPED = 77
LIBRARIES = pathlib.Path("/usr/lib/fiu")
# Only the storage makes these calls. Those that end in /reduce write less than they were told.
POINTS = (
    "posix/io/rw/pwrite", "posix/io/rw/pwrite/reduce", "posix/io/sync/fsync",
    "posix/io/sync/fdatasync", "posix/io/dir/rename", "posix/io/dir/unlink",
    "posix/io/rw/ftruncate", "posix/io/oc/open",
)
FILES = {"journal.db", "journal.db-wal", "journal.db-shm", "lock", "snapshot.db",
         "snapshot-former.db"}


class FaultyExporter(MLExporter):
    """The daemon with libfiu in it."""

    def __init__(self, folder: pathlib.Path, storage: pathlib.Path | None, *flags: str):
        super().__init__(folder, storage, *flags)
        self.pipes = folder / "fiu"
        self.environment = {
            "LD_PRELOAD": f"{LIBRARIES}/fiu_run_preload.so {LIBRARIES}/fiu_posix_preload.so",
            "FIU_CTRL_FIFO": str(self.pipes)}

    def order(self, *commands: str):
        """Tells libfiu which calls fail from now on."""
        words = [word for command in commands for word in ("-c", command)]
        subprocess.run(["fiu-ctrl", *words, "-f", str(self.pipes), str(self.process.pid)],
                       check=True, capture_output=True, timeout=20)

    def errors(self) -> dict[str, float]:
        _, page = fetch(self.telemetry, self.page, 60)
        return {labels.split('"')[1]: value for (_, labels), value
                in samples(page, {"ml_journal_errors_total"}).items() if value}


class Faults(Rounds):
    prefix = "faults-"
    daemon_class = FaultyExporter

    def __init__(self, options, folder: pathlib.Path):
        super().__init__(options, folder)
        self.errors, self.recoveries = Counter(), []

    def audit(self, at_rest: bool = False) -> str:
        page = super().audit(at_rest)
        if (damage := damage_told(page)) is not None:
            self.findings.add("other", f"errors have damaged the files: {damage}")
        if left := {path.name for path in self.daemon.storage.iterdir()} - FILES - {
                "snapshot-draft.db"}:
            self.findings.add("other", f"files were left: {left}")
        return page

    def recover(self):
        """Waits until pushes are taken again."""
        begun = time.monotonic()
        if self.are_taken(20):
            self.recoveries.append(time.monotonic() - begun)
        else:
            self.findings.add("other", f"no push was taken within {TAKEN_SECONDS} s without a fault")

    def round(self, number: int):
        points = self.random.sample(POINTS, self.random.randint(1, 3))
        self.daemon.order(*(
            f"enable_random name={point},probability={self.random.choice((0.02, 0.2, 1))}"
            for point in points))
        time.sleep(self.random.uniform(0.3, self.options.seconds))
        scrapes = self.scraper.scrapes
        time.sleep(0.3)
        if self.scraper.scrapes == scrapes:
            self.findings.add("other", f"no scrape was answered while {points} failed")
        self.errors.update(self.daemon.errors())
        if number % 2:
            self.daemon.order(*(f"disable name={point}" for point in points))
            self.recover()
            self.audit()
        self.daemon.kill()
        self.start_again()

    def rows(self) -> list[tuple[str, object]]:
        return [
            ("errors counted", ", ".join(f"{count:.0f} {name}"
                                         for name, count in self.errors.most_common())),
            ("longest until pushes were taken again", f"{max(self.recoveries, default=0):.2f} s"),
        ]


def main() -> int:
    options = parsed("faults.py", __doc__, rounds=60, pushers=8,
                     seconds="the longest time of faults")
    if not shutil.which("fiu-ctrl") or not (LIBRARIES / "fiu_posix_preload.so").exists():
        print("no random faults: libfiu (libfiu0, fiu-utils) is not installed")
        return SKIPPED
    return Faults.play(options)


if __name__ == "__main__":
    sys.exit(main())
