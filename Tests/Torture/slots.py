"""The same for Pushgateway's own way, where a push replaces a group and nothing is added up.

A pusher writes its rising numbers round about into its slots, so the page must show in every slot
at least the last number that was acknowledged for it.
"""

import threading
from collections import defaultdict

from ledger import Findings

SLOTS = 128


class SlotLedger:
    def __init__(self):
        self.guard = threading.Lock()
        self.acknowledged = defaultdict(int)
        self.sent = defaultdict(int)
        self.pushes = {"acknowledged": 0, "sent": 0}

    def sending(self, pusher: str, number: int):
        with self.guard:
            self.pushes["sent"] += 1
            self.sent[pusher, number % SLOTS] = number

    def acknowledge(self, pusher: str, number: int):
        with self.guard:
            self.pushes["acknowledged"] += 1
            self.acknowledged[pusher, number % SLOTS] = number

    def promised(self) -> dict[tuple[str, int], int]:
        with self.guard:
            return dict(self.acknowledged)

    @property
    def counts(self) -> tuple[int, int]:
        with self.guard:
            return (self.pushes["acknowledged"],
                    self.pushes["sent"] - self.pushes["acknowledged"])

    def audit(self, promised: dict[tuple[str, int], int], page: dict[tuple[str, int], float],
              findings: Findings):
        with self.guard:
            for slot, number in promised.items():
                shown = int(page.get(slot, 0))
                if shown < number:
                    # Every acknowledged number between what is shown and what should be is gone;
                    # a slot that is absent has lost at least its last one.
                    lost = (number - shown) // SLOTS if shown else 1
                    findings.add("lost", f"slot {slot[1]} of pusher {slot[0]} shows {shown}, "
                                         f"{number} was acknowledged", lost)
                    if self.acknowledged[slot] == number:
                        self.acknowledged[slot] = shown
            for slot, shown in page.items():
                if shown > self.sent[slot]:
                    findings.add("invented", f"slot {slot} shows {shown}")
