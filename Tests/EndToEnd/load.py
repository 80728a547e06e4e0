"""Clients that push without a pause while a test does something to the daemon, and their audit.

The clients and the audit are those of `make torture` (Tests/Torture): batches with the headers that
let them count once, sent again until they are answered, and sometimes given up.
"""

import pathlib
import sys
import time
from types import SimpleNamespace

from programs import wait_until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Torture"))

from ledger import Findings  # noqa: E402
from promises import PUSHES  # noqa: E402
from witness import Scraper  # noqa: E402


def port(address: str) -> int:
    return int(address.rsplit(":", 1)[1])


class Load:
    """Pushers of events (or of `groups`) and a scraper that never rests."""

    def __init__(self, daemon, pushers: int = 4, kind: str = "events"):
        self.pushes, self.findings = PUSHES[kind](), Findings()
        self.target = SimpleNamespace(page="/metrics")
        self.aim(daemon)
        self.scraper = Scraper(self.target, self.pushes.rising, self.findings)
        self.pushers = [self.pushes.pusher(number, self.target, self.findings, time.time_ns())
                        for number in range(pushers)]
        for thread in (self.scraper, *self.pushers):
            thread.start()
        self.continues(20)

    def aim(self, daemon):
        """Pushes and scrapes go there from now on."""
        self.target.push, self.target.telemetry = port(daemon.push_address), port(daemon.address)

    @property
    def acknowledged(self) -> int:
        return self.pushes.ledger.counts[0]

    @property
    def answers(self) -> dict:
        """How often which status, or which failure without one."""
        total = {}
        for pusher in self.pushers:
            for what, count in dict(pusher.answers).items():
                total[what] = total.get(what, 0) + count
        return total

    def continues(self, pushes: int = 100, seconds: float = 20):
        """Waits until so many more were acknowledged and the daemon was scraped."""
        pushes += self.acknowledged
        scrapes = self.scraper.scrapes + 3
        wait_until(lambda: self.acknowledged >= pushes and self.scraper.scrapes >= scrapes,
                   seconds, f"pushes are taken; answers {self.answers}")

    def scrapes_go_on(self, scrapes: int = 5):
        scrapes += self.scraper.scrapes
        wait_until(lambda: self.scraper.scrapes >= scrapes, 20, "scrapes")

    def end(self):
        for pusher in self.pushers:
            pusher.over.set()
        for pusher in self.pushers:
            pusher.join(30)
            assert not pusher.is_alive()
        self.scraper.close()

    def audit(self, daemon):
        """Every acknowledged batch is there once, the others at most once."""
        promised = self.pushes.ledger.promised()
        self.pushes.audit(daemon.get().text, promised, self.findings, at_rest=True)
        self.is_kept()

    def is_kept(self):
        assert self.findings.total == 0, "\n".join(self.findings.sentences)
