"""What was sent and what was acknowledged, and what a page says of it.

A batch is known on the page by a digit: batch n of a stream adds 4^(n mod 26) to the counter of its
block (n div 26). So a counter of 26 batches, which a double holds exactly, says of each of them
whether it was applied never (0), once (1), twice (2) or more often (3).
"""

import threading
from collections import defaultdict
from dataclasses import dataclass, field

DIGITS = 26
ONCE = 1


def place(sequence: int) -> tuple[int, int]:
    """The block of a batch and what the batch adds to it."""
    block, digit = divmod(sequence, DIGITS)
    return block, 4**digit


def digits(value: float) -> list[int]:
    """How often each batch of a block was applied."""
    whole = int(value)
    if whole != value or not 0 <= whole < 4**DIGITS:
        raise ValueError(f"{value} is not the sum of a block: a batch was applied too often")
    return [whole >> 2 * digit & 3 for digit in range(DIGITS)]


@dataclass
class Findings:
    """What was promised and not kept; each a sentence, the first of each kind with its detail."""

    lost: int = 0
    doubled: int = 0
    invented: int = 0
    backwards: int = 0
    other: int = 0
    sentences: list[str] = field(default_factory=list)

    def add(self, kind: str, sentence: str, count: int = 1):
        setattr(self, kind, getattr(self, kind) + count)
        if len(self.sentences) < 20:
            self.sentences.append(f"{kind}: {sentence}")

    @property
    def total(self) -> int:
        return self.lost + self.doubled + self.invented + self.backwards + self.other

    def report(self, rows: list[tuple[str, object]], watches_counters: bool = True) -> str:
        """A table of `rows` and of what was not kept, and the sentences."""
        rows = [*rows, ("**acknowledged and lost**", self.lost),
                ("**applied more than once**", self.doubled), ("**never sent**", self.invented)]
        if watches_counters:
            rows.append(("**counters that fell**", self.backwards))
        rows.append(("other", self.other))
        text = "| | |\n| --- | --- |\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)
        if self.sentences:
            text += "\n" + "".join(f"- {sentence}\n" for sentence in self.sentences)
        return text


class Ledger:
    """Every batch of every stream. A stream is one start of one producer."""

    def __init__(self):
        self.guard = threading.Lock()
        self.events = defaultdict(dict)
        self.acknowledged = defaultdict(set)
        self.reported = set()

    def sending(self, stream: str, sequence: int, events: int):
        with self.guard:
            self.events[stream][sequence] = events

    def acknowledge(self, stream: str, sequence: int):
        with self.guard:
            self.acknowledged[stream].add(sequence)

    def promised(self) -> dict[str, set[int]]:
        """What had been acknowledged when this was asked."""
        with self.guard:
            return {stream: set(numbers) for stream, numbers in self.acknowledged.items()}

    @property
    def counts(self) -> tuple[int, int]:
        """Batches acknowledged, and batches sent of which no answer tells."""
        with self.guard:
            sent = sum(map(len, self.events.values()))
            acknowledged = sum(map(len, self.acknowledged.values()))
            return acknowledged, sent - acknowledged

    def audit(self, promised: dict[str, set[int]], blocks: dict[tuple[str, int], float],
              findings: Findings) -> dict[str, int]:
        """Compares a page made after `promised` was asked. Gives the events applied per stream."""
        applied = defaultdict(int)
        with self.guard:
            known = {stream: dict(events) for stream, events in self.events.items()}
        shown = {}
        for (stream, block), value in blocks.items():
            try:
                for digit, times in enumerate(digits(value)):
                    shown[stream, block * DIGITS + digit] = times
            except ValueError as error:
                self.report(findings, "doubled", stream, block, str(error))
        for (stream, sequence), times in shown.items():
            if times == 0:
                continue
            if sequence not in known.get(stream, ()):
                self.report(findings, "invented", stream, sequence, "was never sent")
                continue
            applied[stream] += times * known[stream][sequence]
            if times > ONCE:
                self.report(findings, "doubled", stream, sequence, f"was applied {times} times")
        for stream, numbers in promised.items():
            for sequence in numbers:
                if shown.get((stream, sequence), 0) == 0:
                    self.report(findings, "lost", stream, sequence, "was acknowledged")
        return applied

    def report(self, findings: Findings, kind: str, stream: str, sequence: int, detail: str):
        """Counts one mistake once, however many audits see it."""
        if (kind, stream, sequence) not in self.reported:
            self.reported.add((kind, stream, sequence))
            findings.add(kind, f"batch {sequence} of {stream} {detail}")
