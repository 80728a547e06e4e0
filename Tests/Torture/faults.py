"""Lets the storage fail at random while clients push, kills the daemon, and audits what it knows.

    python3 Tests/Torture/faults.py --rounds 60

The daemon runs with libfiu in it, which lets calls of the C library fail: in each round some of them,
each with a chance of its own, for a while. Half of the rounds end with kill -9 in the middle of that,
the others when the daemon has recovered. After each start every batch is audited.

Ends with 1 when a promise was broken, and with 77 and the reason without libfiu.
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter

from daemons import MLExporter, fetch, first_line
from ledger import Findings
from promises import PUSHES
from pushers import answers, finish, listed
from witness import Scraper, damage_told, samples

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

    def __init__(self, folder: pathlib.Path):
        super().__init__(folder, None, "--storage.snapshot-interval=1s")
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


class Run:
    def __init__(self, options, folder: pathlib.Path):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.daemon = FaultyExporter(folder)
        self.pushes, self.findings = PUSHES["events"](), Findings()
        self.scraper = Scraper(self.daemon, self.pushes.rising, self.findings)
        self.pushers = [self.pushes.pusher(number, self.daemon, self.findings, options.seed)
                        for number in range(options.pushers)]
        self.errors, self.recoveries = Counter(), []

    def audit(self, at_rest: bool = False):
        promised = self.pushes.ledger.promised()
        _, page = fetch(self.daemon.telemetry, self.daemon.page, 60)
        if (damage := damage_told(page)) is not None:
            self.findings.add("other", f"errors have damaged the files: {damage}")
        self.pushes.audit(page, promised, self.findings, at_rest)
        if left := {path.name for path in self.daemon.storage.iterdir()} - FILES - {
                "snapshot-draft.db"}:
            self.findings.add("other", f"files were left: {left}")

    def recover(self):
        """Waits until pushes are taken again."""
        begun = time.monotonic()
        wanted = self.pushes.ledger.counts[0] + 20
        while self.pushes.ledger.counts[0] < wanted:
            if time.monotonic() - begun > 30:
                self.findings.add("other", "no push was taken within 30 s without a fault")
                return
            time.sleep(0.02)
        self.recoveries.append(time.monotonic() - begun)

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
        self.daemon.start()
        self.daemon.wait()
        self.audit()

    def torture(self) -> str:
        begun = time.monotonic()
        self.daemon.start()
        try:
            self.daemon.wait()
            for thread in (self.scraper, *self.pushers):
                thread.start()
            for number in range(self.options.rounds):
                self.round(number)
            finish(self.pushers)
            self.audit(at_rest=True)
            self.scraper.close()
        finally:
            self.daemon.kill()
        return self.report(time.monotonic() - begun)

    def report(self, seconds: float) -> str:
        acknowledged, doubtful = self.pushes.ledger.counts
        options = self.options
        return self.findings.report([
            ("daemon", first_line(MLExporter.binary, "--version")),
            ("rounds", f"{options.rounds} in {seconds:.0f} s, {options.pushers} pushers, "
                       f"seed {options.seed}"),
            ("answers", listed(answers(self.pushers))),
            ("errors counted", ", ".join(f"{count:.0f} {name}"
                                         for name, count in self.errors.most_common())),
            ("longest until pushes were taken again", f"{max(self.recoveries, default=0):.2f} s"),
            ("acknowledged; sent without an answer", f"{acknowledged}; {doubtful}"),
        ])


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tests/Torture/faults.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--pushers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.5, help="the longest time of faults")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    if not shutil.which("fiu-ctrl") or not (LIBRARIES / "fiu_posix_preload.so").exists():
        print("no random faults: libfiu (libfiu0, fiu-utils) is not installed")
        return SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    run = Run(options, folder)
    try:
        print(run.torture())
        if run.findings.total:
            print((folder / "daemon.log").read_text()[-3000:])
    finally:
        shutil.rmtree(folder)
    return 1 if run.findings.total else 0


if __name__ == "__main__":
    sys.exit(main())
