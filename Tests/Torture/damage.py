"""Changes one bit of the daemon's files while it is stopped, starts it, and audits what it says.

    python3 Tests/Torture/damage.py --flips 200

The files are those of a daemon that was killed and of one that ended in good order, after pushes,
snapshots and changes of the log. Of each flip: the daemon starts and takes pushes; what it shows was
sent, and once; what is missing is reported by the page and by `storage verify`.

Ends with 1 when a promise was broken.
"""

import argparse
import http.client
import json
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
from pushers import finish
from witness import damage_told

FILES = ("journal.db", "journal.db-wal", "journal.db-shm", "lock", "snapshot.db", "snapshot-former.db")
VERIFY_SOUND = 0


class Base:
    """What a daemon has left, and what it had acknowledged."""

    def __init__(self, name: str, folder: pathlib.Path, options, seed: int):
        self.name, self.folder = name, folder
        folder.mkdir()
        self.daemon = MLExporter(folder, None, "--storage.snapshot-interval=1s")
        self.pushes, self.findings = PUSHES["events"](), Findings()
        pushers = [self.pushes.pusher(number, self.daemon, self.findings, seed)
                   for number in range(options.pushers)]
        self.daemon.start()
        self.daemon.wait()
        for pusher in pushers:
            pusher.start()
        time.sleep(options.seconds)
        finish(pushers)
        if name == "killed":
            self.daemon.kill()
        elif status := self.daemon.stop():
            raise SystemExit(f"the daemon ended with {status} when it was told to")

    @property
    def storage(self) -> pathlib.Path:
        return self.daemon.storage


class Run:
    def __init__(self, options, folder: pathlib.Path):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.findings = Findings()
        self.flips, self.losing = Counter(), Counter()
        self.bases = [Base(name, folder / name, options, options.seed) for name in ("killed", "ended")]

    def flip(self, base: Base, storage: pathlib.Path) -> str:
        """Changes one bit; gives its place in words."""
        files = [name for name in FILES if (storage / name).exists() and (storage / name).stat().st_size]
        name = self.random.choice(files)
        path = storage / name
        with open(path, "r+b") as file:
            offset = self.random.randrange(path.stat().st_size)
            file.seek(offset)
            byte = file.read(1)[0]
            bit = self.random.randrange(8)
            file.seek(offset)
            file.write(bytes([byte ^ 1 << bit]))
        self.flips[name] += 1
        return f"{base.name}: {name}, byte {offset}, bit {bit}"

    def round(self):
        base = self.random.choice(self.bases)
        storage = self.folder / "flipped"
        shutil.copytree(base.storage, storage)
        place = self.flip(base, storage)
        verify = subprocess.run([MLExporter.binary, "storage", "verify", f"--storage.path={storage}"],
                                capture_output=True, text=True, timeout=60)
        daemon = MLExporter(self.folder, storage)
        daemon.start()
        try:
            daemon.wait()
            self.audit(base, daemon, place, verify)
        except SystemExit as error:
            self.findings.add("other", f"{place}: {error}")
        finally:
            daemon.kill()
            shutil.rmtree(storage)

    def audit(self, base: Base, daemon: MLExporter, place: str, verify):
        _, page = fetch(daemon.telemetry, daemon.page, 60)
        found = Findings()
        # Each flip is audited by itself.
        base.pushes.ledger.reported.clear()
        base.pushes.audit(page, base.pushes.ledger.promised(), found, at_rest=True)
        for kind in ("doubled", "invented", "other"):
            if count := getattr(found, kind):
                self.findings.add(kind, f"{place}: {found.sentences[0]}", count)
        if found.lost:
            self.losing[place.split(": ")[1].split(",")[0]] += 1
            if damage_told(page) is None:
                self.findings.add("lost", f"{place}: the page does not tell of {found.lost} batches", found.lost)
            if verify.returncode == VERIFY_SOUND:
                self.findings.add("other", f"{place}: verify says {verify.stdout.strip()!r}, {found.lost} "
                                           "batches are lost")
        if not takes_pushes(daemon):
            self.findings.add("other", f"{place}: no push is taken after the start")

    def report(self, seconds: float) -> str:
        acknowledged = sum(base.pushes.ledger.counts[0] for base in self.bases)
        listed = ", ".join(f"{name} {count}" for name, count in sorted(self.flips.items()))
        losing = ", ".join(f"{name} {count}" for name, count in sorted(self.losing.items())) or "none"
        # `lost` counts what was lost and not reported.
        return self.findings.report([
            ("daemon", first_line(MLExporter.binary, "--version")),
            ("bits changed", f"{self.flips.total()} in {seconds:.0f} s, seed {self.options.seed}"),
            ("in", listed), ("told to have lost something", losing),
            ("acknowledged", acknowledged)], watches_counters=False)

    def torture(self) -> str:
        begun = time.monotonic()
        for base in self.bases:
            if base.findings.total:
                raise SystemExit(base.findings.sentences[0])
        for _ in range(self.options.flips):
            self.round()
        return self.report(time.monotonic() - begun)


def takes_pushes(daemon: MLExporter) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.push, timeout=20)
    try:
        connection.request("POST", "/v1/events", json.dumps({"model": "after", "version": "1"}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read())["accepted"] == 1
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tests/Torture/damage.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--pushers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4, help="how long pushes come before it")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="damage-"))
    try:
        run = Run(options, folder)
        print(run.torture())
    finally:
        shutil.rmtree(folder)
    return 1 if run.findings.total else 0


if __name__ == "__main__":
    sys.exit(main())
