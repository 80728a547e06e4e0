"""Cuts the power of the disk that a daemon keeps its state on, and audits what the next one knows.

    python3 Tests/Torture/power.py --cuts 200 --seconds 20

A daemon runs on an ext4 file system whose disk writes down every write and every flush (disk.py),
while clients push. Afterwards the disk is made as it would be found after a power cut at each of many
moments; the file system is repaired (e2fsck -fy) and mounted, a daemon is started on it, and every
batch is audited: what was acknowledged before the cut is there, nothing is there twice, nothing that
was sent after it. What was on its way may be there once.

Ends with 1 when a promise was broken, and with 77 and the reason where there can be no such disk.
"""

import argparse
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

import disk
from daemons import MLExporter, fetch, first_line
from ledger import Findings
from promises import PUSHES
from pushers import EventPusher, answers, finish, listed
from witness import damage_told

SKIPPED = 77
KEPT = ("all", "none", "some")
SNAPSHOTS = "--storage.snapshot-interval=1s"
EAT_MY_DATA = "libeatmydata.so"


class Diary:
    """A ledger that remembers where the disk's log was at each sending and each answer."""

    def __init__(self, make, disk: disk.RecordedDisk):
        self.make, self.disk = make, disk
        self.guard = threading.Lock()
        self.lines = []

    def write(self, what: str, *about):
        # Whatever the disk did before the answer lies before this position, and whatever the push
        # causes lies after the one of its sending.
        with self.guard:
            self.lines.append((self.disk.position, what, about))

    def sending(self, *about):
        self.write("sending", *about)

    def acknowledge(self, *about):
        self.write("acknowledge", *about)

    def at(self, position: int):
        """The ledger as it stood when the log was that long."""
        ledger = self.make()
        for when, what, about in self.lines:
            if when <= position:
                getattr(ledger, what)(*about)
        return ledger


class Run:
    def __init__(self, options, folder: pathlib.Path):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.findings, self.repaired = Findings(), Counter()
        self.starts = []

    def record(self) -> tuple[disk.Recording, dict[str, Diary]]:
        """Lets clients push on a disk that writes down everything."""
        recorded = disk.RecordedDisk(self.folder, self.options.mount)
        try:
            daemon = MLExporter(self.folder, recorded.folder / "data", SNAPSHOTS)
            if self.options.fault == "unsynced":
                daemon.environment = {"LD_PRELOAD": EAT_MY_DATA}
            diaries = {name: Diary(type(pushes().ledger), recorded)
                       for name, pushes in PUSHES.items()}
            daemon.start()
            try:
                daemon.wait()
                # Three push events for each that pushes groups.
                pushers = [
                    PUSHES[name](diaries[name]).pusher(number, daemon, self.findings,
                                                       self.options.seed)
                    for number in range(self.options.pushers)
                    for name in ("groups" if number % 4 == 3 else "events",)]
                for pusher in pushers:
                    pusher.start()
                time.sleep(self.options.seconds)
                finish(pushers)
                self.answers = answers(pushers)
            finally:
                daemon.kill()
        finally:
            recorded.stop()
        return disk.Recording(recorded), diaries

    def torture(self) -> str:
        begun = time.monotonic()
        recording, diaries = self.record()
        flushes = recording.flushes
        image, folder = self.folder / "cut.img", self.folder / "cut"
        folder.mkdir()
        for number in range(self.options.cuts):
            # As much as can be unflushed, as little, and anything between.
            index = [lambda: self.random.choice(flushes), lambda: self.random.choice(flushes) + 1,
                     lambda: self.random.randrange(1, len(recording.entries))][number % 3]()
            kept = KEPT[number // 3 % len(KEPT)]
            position = recording.cut(index, kept, self.random, image)
            ledgers = {name: diary.at(position) for name, diary in diaries.items()}
            before = self.findings.total
            self.audit(image, folder, ledgers)
            if self.findings.total > before:
                self.findings.sentences.append(f"at entry {index} of {len(recording.entries)}, "
                                               f"{kept} of what was not flushed")
        return self.report(time.monotonic() - begun, recording, diaries)

    def audit(self, image: pathlib.Path, folder: pathlib.Path, ledgers: dict):
        check = subprocess.run(["e2fsck", "-fy", str(image)], capture_output=True, text=True)
        self.repaired[check.returncode] += 1
        if check.returncode not in (0, 1):
            self.findings.add("other", f"e2fsck ends with {check.returncode}: {check.stdout[-300:]}")
            return
        disk.run("mount", "-t", "ext4", "-o", "loop", str(image), str(folder))
        try:
            daemon = MLExporter(self.folder, folder / "data")
            daemon.start()
            try:
                self.starts.append(daemon.wait())
                self.judge(daemon, ledgers)
            finally:
                status = daemon.stop()
            if status != 0:
                self.findings.add("other", f"the daemon ended with {status}")
        finally:
            disk.run("umount", str(folder))

    def judge(self, daemon: MLExporter, ledgers: dict):
        _, page = fetch(daemon.telemetry, daemon.page, 60)
        if (damage := damage_told(page)) is not None:
            self.findings.add("other", f"a power cut damaged the files: {damage}")
        for name, ledger in ledgers.items():
            PUSHES[name](ledger).audit(page, ledger.promised(), self.findings, at_rest=True)
        self.repeat(daemon, ledgers["events"])

    def repeat(self, daemon: MLExporter, ledger):
        """What was acknowledged last comes once more, and must be known."""
        sender = EventPusher(0, daemon, self.findings, 0, ledger)
        for stream, numbers in ledger.promised().items():
            pusher, start = stream[1:].split("s")
            told = sender.request("POST", "/v1/events", b'{"model":"repeated"}', {
                "Content-Type": "application/json",
                **EventPusher.stamp(int(pusher), int(start), max(numbers))})
            # Of a process before the last two it is known that it is too old.
            is_known = told is not None and (
                json.loads(told[1]).get("duplicate") is True or b'"stale_start"' in told[1])
            if not is_known:
                self.findings.add("doubled", f"batch {max(numbers)} of {stream} was sent once "
                                             f"more, and that was no duplicate: {told}")
        if sender.connection:
            sender.connection.close()

    def report(self, seconds: float, recording: disk.Recording, diaries: dict) -> str:
        options = self.options
        counts = {name: diary.at(1 << 62).counts for name, diary in diaries.items()}
        return self.findings.report([
            ("daemon", first_line(MLExporter.binary, "--version")),
            ("disk", f"ext4 ({options.mount}), {len(recording.entries)} writes and flushes, "
                     f"{len(recording.flushes)} flushes, {len(recording.log) >> 20} MiB"),
            ("pushes", f"{options.seconds:g} s, {options.pushers} pushers, seed {options.seed}"),
            ("acknowledged", ", ".join(f"{each[0]} {name}" for name, each in counts.items())),
            ("answers", listed(self.answers)),
            ("power cuts", f"{options.cuts} in {seconds:.0f} s"),
            ("e2fsck", ", ".join(f"{count} times {status}"
                                 for status, count in sorted(self.repaired.items()))),
            ("start until ready, median and longest",
             f"{statistics.median(self.starts):.3f} s, {max(self.starts):.3f} s"
             if self.starts else "none"),
        ], watches_counters=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tests/Torture/power.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=8, help="how long clients push")
    parser.add_argument("--pushers", type=int, default=8)
    # Without the help of ext4 for programs that rename without a sync.
    parser.add_argument("--mount", default="noauto_da_alloc,commit=1")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--fault", choices=("none", "unsynced"), default="none",
                        help="unsynced: syncs of the daemon do nothing")
    options = parser.parse_args()
    if reason := disk.missing():
        print(f"no power cuts: {reason}")
        return SKIPPED
    disk.private_mounts()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="power-"))
    run = Run(options, folder)
    try:
        print(run.torture())
    finally:
        shutil.rmtree(folder)
    return 1 if run.findings.total else 0


if __name__ == "__main__":
    sys.exit(main())
