"""Kills a daemon at random moments while clients push, and audits what it still knows.

    python3 Tests/Torture --daemon ml_exporter --pushes events --kills 200
    python3 Tests/Torture --daemon pushgateway --pushes groups --kills 200

Ends with 1 when a promise was broken, unless --record asks only to write down what was found.
"""

import argparse
import os
import pathlib
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time

from daemons import DAEMONS, Toy, fetch
from ledger import Findings
from promises import PUSHES
from pushers import answers, finish, listed
from witness import Prometheus, Scraper

def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Run:
    def __init__(self, options, folder: pathlib.Path):
        self.options, self.random = options, random.Random(options.seed)
        self.daemon = DAEMONS[options.daemon](folder)
        self.pushes = PUSHES[options.pushes]()
        self.findings = Findings()
        self.starts, self.audits, self.ends, self.changes = [], 0, 0, 0
        self.prometheus = Prometheus(folder, self.daemon)
        self.scraper = Scraper(self.daemon, self.pushes.rising, self.findings)
        self.pushers = [self.pushes.pusher(number, self.daemon, self.findings, options.seed)
                        for number in range(options.pushers)]

    def audit(self, at_rest: bool = False):
        promised = self.pushes.ledger.promised()
        status, page = fetch(self.daemon.telemetry, self.daemon.page, 60)
        if status != 200:
            self.findings.add("other", f"{self.daemon.page} answers {status} when it is ready")
        self.pushes.audit(page, promised, self.findings, at_rest)
        self.audits += 1

    def end(self):
        """Asks the daemon to end under load, which it has to do in good order."""
        self.ends += 1
        status = self.daemon.stop()
        if status != 0:
            self.findings.add("other", f"the daemon ended with {status} when it was told to")

    def change_settings(self):
        """Starts it between two kills with limits that allow nothing new. A start decides nothing:
        all of what was acknowledged is shown, and is still there under the former settings."""
        self.changes += 1
        self.daemon.restricted = True
        self.daemon.start()
        self.starts.append(self.daemon.wait())
        self.audit()
        if self.random.random() < 0.5:
            # Long enough for a snapshot under these settings.
            time.sleep(1.2)
        if self.random.random() < 0.5:
            self.end()
        else:
            self.daemon.kill()
        self.daemon.restricted = False

    def rounds(self):
        for kill in range(self.options.kills):
            # One in ten dies while it starts, the others at any time of their work.
            early = self.random.random() < 0.1
            moment = time.monotonic() + self.random.uniform(
                0, 0.05 if early else self.options.seconds)
            if not early:
                self.starts.append(self.daemon.wait())
                self.audit()
            time.sleep(max(0, moment - time.monotonic()))
            if not early and self.random.random() < 0.1:
                # As an upgrade ends it.
                self.end()
                self.daemon.start()
                self.starts.append(self.daemon.wait())
                self.audit()
            self.daemon.kill()
            if self.daemon.restrictions and self.random.random() < 0.2:
                self.change_settings()
            self.daemon.start()
            if (kill + 1) % 20 == 0:
                print(f"{kill + 1} kills, {self.pushes.ledger.counts[0]} acknowledged, "
                      f"{self.findings.total} broken promises", flush=True)

    def torture(self) -> str:
        begun = time.monotonic()
        self.daemon.start()
        try:
            self.prometheus.wait()
            self.scraper.start()
            for pusher in self.pushers:
                pusher.start()
            self.rounds()
            self.starts.append(self.daemon.wait())
            time.sleep(self.options.seconds)
            finish(self.pushers)
            self.audit(at_rest=True)
            self.scraper.close()
            time.sleep(1.5)
            seen = self.prometheus.judge(self.pushes.rising, self.findings)
            self.end()
        finally:
            self.prometheus.close()
            if self.daemon.process.poll() is None:
                self.daemon.kill()
        return self.report(time.monotonic() - begun, seen)

    def report(self, seconds: float, seen: int) -> str:
        acknowledged, doubtful = self.pushes.ledger.counts
        times = [each for pusher in self.pushers for each in pusher.seconds]
        options = self.options
        return self.findings.report([
            ("daemon", self.daemon.version()),
            ("machine", f"{os.cpu_count()} CPUs, {platform.freedesktop_os_release()['PRETTY_NAME']}"),
            ("pushes", f"{options.pushes}, {options.pushers} pushers, seed {options.seed}"),
            ("kill -9; SIGTERM", f"{options.kills}; {self.ends} in {seconds:.0f} s"),
            ("starts with other settings", self.changes),
            ("audits; scrapes; samples of Prometheus", f"{self.audits}; {self.scraper.scrapes}; "
                                                       f"{seen}"),
            ("start until ready, median and longest", f"{statistics.median(self.starts):.3f} s, "
                                                      f"{max(self.starts):.3f} s"),
            ("answers", listed(answers(self.pushers))),
            ("time to an answer, p50 and p99", f"{percentile(times, .5) * 1000:.1f} ms, "
                                               f"{percentile(times, .99) * 1000:.1f} ms"),
            ("acknowledged; sent without an answer", f"{acknowledged}; {doubtful}"),
        ])


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tests/Torture", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", choices=DAEMONS, default="ml_exporter")
    parser.add_argument("--pushes", choices=PUSHES, default="events")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pushers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.5, help="the longest life of a daemon")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--fault", default="none", help="what the toy does wrong")
    parser.add_argument("--record", type=pathlib.Path, help="write the report there; end with 0")
    parser.add_argument("--keep", action="store_true", help="keep the daemon's files")
    options = parser.parse_args()
    Toy.fault = options.fault
    folder = pathlib.Path(tempfile.mkdtemp(prefix="torture-"))
    run = Run(options, folder)
    report = run.torture()
    print(report)
    if options.record:
        options.record.write_text(report)
    broken = run.findings.total
    if options.keep:
        print(f"files: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if broken and not options.record else 0


if __name__ == "__main__":
    sys.exit(main())
