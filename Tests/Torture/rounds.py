"""Rounds in which something happens to the daemon's storage while clients push, each with an audit."""

import argparse
import pathlib
import random
import shutil
import tempfile
import time

from daemons import MLExporter, fetch, first_line
from ledger import Findings
from promises import PUSHES
from pushers import answers, finish, listed
from witness import Scraper

TAKEN_SECONDS = 30


class Rounds:
    """A daemon, clients that push events, and a scraper that never rests."""

    prefix = ""
    daemon_class: type[MLExporter] = MLExporter

    def __init__(self, options, folder: pathlib.Path):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.daemon = self.daemon_class(folder, None, "--storage.snapshot-interval=1s")
        self.pushes, self.findings = PUSHES["events"](), Findings()
        self.scraper = Scraper(self.daemon, self.pushes.rising, self.findings)
        self.pushers = [self.pushes.pusher(number, self.daemon, self.findings, options.seed)
                        for number in range(options.pushers)]

    def round(self, number: int):
        raise NotImplementedError

    def rows(self) -> list[tuple[str, object]]:
        """What the report says beside what all say."""
        raise NotImplementedError

    def audit(self, at_rest: bool = False) -> str:
        """Compares the page with what was acknowledged. Gives the page."""
        promised = self.pushes.ledger.promised()
        _, page = fetch(self.daemon.telemetry, self.daemon.page, 60)
        self.pushes.audit(page, promised, self.findings, at_rest)
        return page

    def are_taken(self, count: int) -> bool:
        """Waits until so many further pushes have been acknowledged."""
        end = time.monotonic() + TAKEN_SECONDS
        wanted = self.pushes.ledger.counts[0] + count
        while self.pushes.ledger.counts[0] < wanted:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def start_again(self):
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
            *self.rows(),
            ("acknowledged; sent without an answer", f"{acknowledged}; {doubtful}"),
        ])

    @classmethod
    def play(cls, options) -> int:
        """Prints the report, and the end of the log if a promise was broken. Gives the exit status."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix=cls.prefix))
        run = cls(options, folder)
        try:
            print(run.torture())
            if run.findings.total:
                print((folder / "daemon.log").read_text()[-6000:])
        finally:
            shutil.rmtree(folder)
        return 1 if run.findings.total else 0


def parsed(program: str, description: str, *, rounds: int, pushers: int, seconds: str):
    """The options of a program of rounds; `seconds` says what they are the longest time of."""
    parser = argparse.ArgumentParser(prog=f"Tests/Torture/{program}", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--pushers", type=int, default=pushers)
    parser.add_argument("--seconds", type=float, default=1.5, help=seconds)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    return parser.parse_args()
