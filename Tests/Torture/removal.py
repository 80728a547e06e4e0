"""Removes and replaces the daemon's files while clients push, kills it, and audits what it knows.

    python3 Tests/Torture/removal.py --rounds 40

In each round one file, or all, is removed, replaced by an older copy or by something else. The daemon
has to notice: pushes are refused until new files hold the whole state. A push that is acknowledged later
than that is safe from a kill, and so is all that was acknowledged before.

Ends with 1 when a promise was broken.
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter

from daemons import MLExporter, fetch, first_line
from ledger import Findings
from promises import PUSHES
from pushers import answers, finish, listed
from witness import Scraper

FILES = ("journal.db", "journal.db-wal", "journal.db-shm", "snapshot.db", "snapshot-former.db", "lock")
# The daemon looks twice a second; the files are written again after that.
NOTICED_SECONDS = 1
RECOVERED_SECONDS = 30


class Run:
    def __init__(self, options, folder: pathlib.Path):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.daemon = MLExporter(folder, None, "--storage.snapshot-interval=1s")
        self.pushes, self.findings = PUSHES["events"](), Findings()
        self.scraper = Scraper(self.daemon, self.pushes.rising, self.findings)
        self.pushers = [self.pushes.pusher(number, self.daemon, self.findings, options.seed)
                        for number in range(options.pushers)]
        self.done = Counter()

    def remove(self, storage: pathlib.Path, name: str):
        (storage / name).unlink(missing_ok=True)

    def replace_by_copy(self, storage: pathlib.Path, name: str):
        """As a backup that is put back beside the running daemon."""
        if (storage / name).exists():
            shutil.copyfile(storage / name, storage / "copy")
            os.replace(storage / "copy", storage / name)

    def replace_by_text(self, storage: pathlib.Path, name: str):
        (storage / "text").write_text("this is no database\n" * 300)
        os.replace(storage / "text", storage / name)

    def remove_all(self, storage: pathlib.Path, _: str):
        for path in storage.iterdir():
            path.unlink(missing_ok=True)

    def acknowledged_after(self, moment: float) -> bool:
        """Waits until pushes that were sent after `moment` have been acknowledged."""
        end = moment + RECOVERED_SECONDS
        while time.monotonic() < moment + NOTICED_SECONDS:
            time.sleep(0.05)
        wanted = self.pushes.ledger.counts[0] + 2 * len(self.pushers)
        while self.pushes.ledger.counts[0] < wanted:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def audit(self, at_rest: bool = False):
        promised = self.pushes.ledger.promised()
        _, page = fetch(self.daemon.telemetry, self.daemon.page, 60)
        self.pushes.audit(page, promised, self.findings, at_rest)

    def round(self):
        act = self.random.choice((self.remove, self.remove, self.replace_by_copy, self.replace_by_text,
                                  self.remove_all))
        name = self.random.choice(FILES)
        what = f"{act.__name__} {name if act != self.remove_all else ''}".strip()
        time.sleep(self.random.uniform(0, self.options.seconds))
        act(self.daemon.storage, name)
        self.done[act.__name__] += 1
        before = len(self.findings.sentences), self.findings.total
        if not self.acknowledged_after(time.monotonic()):
            self.findings.add("other", f"{what}: no push was taken within {RECOVERED_SECONDS} s")
        if self.random.random() < 0.8:
            self.daemon.kill()
        elif status := self.daemon.stop():
            self.findings.add("other", f"{what}: the daemon ended with {status} when it was told to")
        self.daemon.start()
        self.daemon.wait()
        self.audit()
        if self.findings.total > before[1]:
            self.findings.sentences.insert(before[0], f"after {what}:")

    def torture(self) -> str:
        begun = time.monotonic()
        self.daemon.start()
        try:
            self.daemon.wait()
            for thread in (self.scraper, *self.pushers):
                thread.start()
            for _ in range(self.options.rounds):
                self.round()
            finish(self.pushers)
            self.audit(at_rest=True)
            self.scraper.close()
        finally:
            self.daemon.kill()
        acknowledged, doubtful = self.pushes.ledger.counts
        return self.findings.report([
            ("daemon", first_line(MLExporter.binary, "--version")),
            ("rounds", f"{self.options.rounds} in {time.monotonic() - begun:.0f} s, "
                       f"{self.options.pushers} pushers, seed {self.options.seed}"),
            ("done", ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))),
            ("answers", listed(answers(self.pushers))),
            ("acknowledged; sent without an answer", f"{acknowledged}; {doubtful}"),
        ])


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tests/Torture/removal.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--pushers", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=1.5, help="the longest wait before each")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="removal-"))
    run = Run(options, folder)
    try:
        print(run.torture())
        if run.findings.total:
            print((folder / "daemon.log").read_text()[-6000:])
    finally:
        shutil.rmtree(folder)
    return 1 if run.findings.total else 0


if __name__ == "__main__":
    sys.exit(main())
